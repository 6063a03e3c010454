#include "server_table.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {
namespace {

uint64_t Number(const std::optional<std::string>& text) {
  return text.has_value() ? std::stoull(*text) : 0;
}

// The labels of "enum('a','it''s')".
std::vector<std::string> LabelsOf(const std::string& column_type) {
  std::vector<std::string> labels;
  const bool labelled = column_type.rfind("enum(", 0) == 0 || column_type.rfind("set(", 0) == 0;
  for (size_t i = column_type.find('\''); labelled && i < column_type.size(); ++i) {
    if (column_type[i] != '\'') continue;
    std::string& label = labels.emplace_back();
    for (++i; column_type[i] != '\'' || column_type[i + 1] == '\''; ++i) {
      if (column_type[i] == '\'') ++i;
      label += column_type[i];
    }
  }
  return labels;
}

std::string ColumnsQuery(const std::string& table, bool mariadb) {
  const char* collation =
      mariadb ? "(SELECT id FROM information_schema.collation_character_set_applicability a"
                " WHERE a.full_collation_name = c.collation_name)"
              : "(SELECT id FROM information_schema.collations a"
                " WHERE a.collation_name = c.collation_name)";
  return absl::StrCat(
      "SELECT column_name, data_type, column_type, character_octet_length, numeric_precision,"
      " numeric_scale, datetime_precision, ",
      collation, ", is_nullable, column_key, generation_expression <> '', ",
      mariadb ? "(SELECT count(*) FROM information_schema.check_constraints k WHERE"
                " k.constraint_schema = c.table_schema AND k.table_name = c.table_name AND"
                " k.check_clause = concat('json_valid(`', c.column_name, '`)'))"
              : "0",
      " FROM information_schema.columns c WHERE table_schema = 'test' AND table_name = '", table,
      "' ORDER BY ordinal_position");
}

CatalogColumn ToColumn(const testing::SqlRow& row) {
  CatalogColumn column;
  column.name = *row[0];
  column.data_type = *row[1];
  column.column_type = *row[2];
  column.octet_length = Number(row[3]);
  column.precision = static_cast<uint32_t>(Number(row[4]));
  column.scale = static_cast<uint32_t>(Number(row[5]));
  column.fraction_digits = static_cast<uint32_t>(Number(row[6]));
  column.collation = static_cast<uint32_t>(Number(row[7]));
  if (column.collation == 0 && column.octet_length > 0) column.collation = kBinaryCollation;
  column.labels = LabelsOf(column.column_type);
  column.nullable = row[8] == "YES";
  column.generated = row[10] == "1";
  column.json_alias = row[11] != "0";
  return column;
}

}  // namespace

absl::StatusOr<CatalogTable> DescribeServerTable(testing::MysqlServer& server,
                                                 const std::string& table) {
  auto rows = server.Query(ColumnsQuery(table, server.mariadb()));
  if (!rows.ok()) return rows.status();
  CatalogTable described;
  described.database = "test";
  described.name = table;
  for (const testing::SqlRow& row : *rows) described.columns.push_back(ToColumn(row));
  auto key = server.Query(absl::StrCat(
      "SELECT column_name FROM information_schema.statistics WHERE table_schema = 'test' AND"
      " index_name = 'PRIMARY' AND table_name = '",
      table, "' ORDER BY seq_in_index"));
  if (!key.ok()) return key.status();
  for (const testing::SqlRow& row : *key) {
    for (uint32_t i = 0; i < described.columns.size(); ++i) {
      if (described.columns[i].name == row[0]) described.key.push_back(i);
    }
  }
  described.key_index = "PRIMARY";
  return described;
}

absl::StatusOr<LoggedTable> ReadLoggedTable(testing::MysqlServer& server,
                                            const std::string& table) {
  auto files = server.Query("SHOW BINARY LOGS");
  if (!files.ok()) return files.status();
  LoggedTable logged;
  std::map<uint64_t, TableMap> maps;
  for (const testing::SqlRow& file : *files) {
    std::ifstream in(absl::StrCat(server.data_folder(), "/", *file[0]), std::ios::binary);
    const std::string log((std::istreambuf_iterator<char>(in)), {});
    FormatDescription format;
    for (size_t at = 4; at + EventHeader::kSize <= log.size();) {
      uint32_t size;
      std::copy_n(&log[at + 9], 4, reinterpret_cast<char*>(&size));
      const std::string& event = logged.events.emplace_back(log.substr(at, size));
      at += size;
      auto header = ParseHeader(event);
      if (!header.ok()) return header.status();
      if (header->type == EventType::kFormatDescription) {
        auto parsed = ParseFormatDescription(event);
        if (!parsed.ok()) return parsed.status();
        format = *parsed;
      }
      if (header->type != EventType::kTableMap && !IsRowsEvent(header->type)) continue;
      auto body = EventBody(event, format.checksum);
      if (!body.ok()) return body.status();
      if (header->type == EventType::kTableMap) {
        auto map = ParseTableMap(*body, format.id_bytes(header->type), format);
        if (!map.ok()) return map.status();
        if (map->table == table) logged.map = *map;
        maps[map->table_id] = *std::move(map);
        continue;
      }
      auto rows = RowsReader::Open(static_cast<uint8_t>(header->type), *body,
                                   format.id_bytes(header->type));
      if (!rows.ok()) return rows.status();
      const TableMap& map = maps[rows->table_id()];
      if (map.table != table) continue;
      absl::Status status = rows->SetTable(&map);
      while (status.ok() && !rows->done()) {
        LoggedTable::Change& change = logged.changes.emplace_back();
        change.kind = rows->kind();
        status = rows->Next(&change.before, &change.after);
      }
      if (!status.ok()) return status;
    }
  }
  return logged;
}

}  // namespace tidemark::capture::mysql
