#ifndef TIDEMARK_CAPTURE_MYSQL_TABLE_CACHE_H_
#define TIDEMARK_CAPTURE_MYSQL_TABLE_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/altered_tables.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/row_layout.h"
#include "capture/mysql/table_map.h"
#include "capture/schema_registry.h"

namespace tidemark::capture::mysql {

// One TABLE_MAP, and how the table's rows are encoded.
struct CachedTable {
  std::string body;  // of the event, without the table id
  TableMap map;
  bool captured = false;
  std::unique_ptr<RowLayout> layout;  // null until a row needs it
};

// The table maps of one dump, by table id. A server repeats them for every statement: the same
// bytes are parsed once. One thread owns it.
class TableCache {
 public:
  // `captured`: which tables are (see IsCaptured).
  explicit TableCache(std::vector<std::string> captured = {}) : captured_(std::move(captured)) {}

  // A TABLE_MAP event. DataLoss: malformed.
  absl::Status Add(std::string_view body, const FormatDescription& format);
  // Null: the server sent rows of a table that it did not describe.
  CachedTable* Find(uint64_t table_id);
  // Sets the layout; `known` as BuildFromTableMap takes it. Errors: schema_builder.h.
  static absl::StatusOr<const RowLayout*> Build(CachedTable& table,
                                                const std::optional<CatalogTable>& known,
                                                SchemaRegistry& registry);
  // Ids are void, since another file begins.
  void Clear() { tables_.clear(); }
  // What the catalog said of these need not hold any more.
  void Forget(const AlteredTables& altered);

 private:
  std::vector<std::string> captured_;
  std::unordered_map<uint64_t, CachedTable> tables_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_TABLE_CACHE_H_
