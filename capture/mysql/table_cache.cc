#include "capture/mysql/table_cache.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/schema_builder.h"

namespace tidemark::capture::mysql {
namespace {

bool IsServersOwn(std::string_view database) {
  for (std::string_view own :
       {"mysql", "information_schema", "performance_schema", "sys", "ndbinfo"}) {
    if (absl::EqualsIgnoreCase({database.data(), database.size()}, {own.data(), own.size()})) {
      return true;
    }
  }
  return database == kOwnDatabase;
}

}  // namespace

bool TableFilter::Captures(std::string_view database, std::string_view table) const {
  if (IsServersOwn(database)) return false;
  return tables_.empty() ||
         std::any_of(tables_.begin(), tables_.end(), [&](const std::string& captured) {
           const std::string_view name(captured);
           if (!name.starts_with(database) || name.size() <= database.size() + 1 ||
               name[database.size()] != '.') {
             return false;
           }
           const std::string_view rest = name.substr(database.size() + 1);
           return rest == "*" || rest == table;
         });
}

absl::Status TableCache::Add(std::string_view body, const FormatDescription& format,
                             const TableFilter& filter) {
  const size_t id_bytes = format.id_bytes(EventType::kTableMap);
  if (body.size() < id_bytes) return absl::DataLossError("a TABLE_MAP event is cut short");
  uint64_t id = 0;
  for (size_t i = 0; i < id_bytes; ++i) id |= uint64_t{static_cast<uint8_t>(body[i])} << (8 * i);
  auto found = tables_.find(id);
  if (found != tables_.end() && found->second.body == body.substr(id_bytes)) {
    return absl::OkStatus();
  }
  absl::StatusOr<TableMap> map = ParseTableMap(body, id_bytes, format.mariadb);
  if (!map.ok()) return map.status();
  CachedTable& table = tables_[id] = {};
  table.body = std::string(body.substr(id_bytes));
  table.captured = filter.Captures(map->database, map->table);
  table.map = *std::move(map);
  return absl::OkStatus();
}

CachedTable* TableCache::Find(uint64_t table_id) {
  auto found = tables_.find(table_id);
  return found == tables_.end() ? nullptr : &found->second;
}

absl::StatusOr<const RowLayout*> TableCache::Layout(CachedTable& table, Catalog& catalog,
                                                    SchemaRegistry& registry) {
  if (table.layout != nullptr) return table.layout.get();
  absl::StatusOr<std::optional<CatalogTable>> known =
      catalog.DescribeTable(table.map.database, table.map.table);
  if (!known.ok()) return known.status();
  absl::StatusOr<BuiltTable> built = BuildFromTableMap(table.map, *known);
  if (!built.ok()) return built.status();
  table.layout = std::make_unique<RowLayout>(registry.Resolve(std::move(built->schema)),
                                             std::move(built->codecs));
  return table.layout.get();
}

void TableCache::Forget(std::string_view database, std::string_view table) {
  std::erase_if(tables_, [&](const auto& entry) {
    const TableMap& map = entry.second.map;
    return map.database == database && (table.empty() || map.table == table);
  });
}

}  // namespace tidemark::capture::mysql
