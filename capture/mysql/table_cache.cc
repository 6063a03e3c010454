#include "capture/mysql/table_cache.h"

#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/schema_builder.h"

namespace tidemark::capture::mysql {
absl::Status TableCache::Add(std::string_view body, const FormatDescription& format) {
  const size_t id_bytes = format.id_bytes(EventType::kTableMap);
  if (body.size() < id_bytes) return absl::DataLossError("a TABLE_MAP event is cut short");
  uint64_t id = 0;
  for (size_t i = 0; i < id_bytes; ++i) id |= uint64_t{static_cast<uint8_t>(body[i])} << (8 * i);
  auto found = tables_.find(id);
  if (found != tables_.end() && found->second.body == body.substr(id_bytes)) {
    return absl::OkStatus();
  }
  absl::StatusOr<TableMap> map = ParseTableMap(body, id_bytes, format);
  if (!map.ok()) return map.status();
  CachedTable& table = tables_[id] = {};
  table.body = std::string(body.substr(id_bytes));
  table.captured = IsCaptured(captured_, map->database, map->table);
  table.map = *std::move(map);
  return absl::OkStatus();
}

CachedTable* TableCache::Find(uint64_t table_id) {
  auto found = tables_.find(table_id);
  return found == tables_.end() ? nullptr : &found->second;
}

absl::StatusOr<const RowLayout*> TableCache::Build(CachedTable& table,
                                                   const std::optional<CatalogTable>& known,
                                                   SchemaRegistry& registry) {
  absl::StatusOr<BuiltTable> built = BuildFromTableMap(table.map, known);
  if (!built.ok()) return built.status();
  table.layout = std::make_unique<RowLayout>(registry.Resolve(std::move(built->schema)),
                                             std::move(built->codecs), std::move(built->kept));
  return table.layout.get();
}

void TableCache::Forget(const AlteredTables& altered) {
  std::erase_if(tables_, [&](const auto& entry) {
    return altered.Has(entry.second.map.database, entry.second.map.table);
  });
}

}  // namespace tidemark::capture::mysql
