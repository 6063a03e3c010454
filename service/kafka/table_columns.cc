#include "service/kafka/table_columns.h"

#include <numeric>

#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {

std::vector<uint32_t> AllColumns(const v1::TableSchema& schema) {
  std::vector<uint32_t> columns(static_cast<size_t>(schema.columns_size()));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

std::vector<uint32_t> KeyColumns(const v1::TableSchema& schema) {
  return {schema.key_columns().begin(), schema.key_columns().end()};
}

absl::Status CheckKeyColumns(const v1::TableSchema& schema) {
  for (uint32_t column : schema.key_columns()) {
    if (column < static_cast<uint32_t>(schema.columns_size())) continue;
    return absl::InvalidArgumentError(absl::StrCat("the key of ", schema.namespace_(), ".",
                                                   schema.name(), " has a column ", column,
                                                   ", which the table has not"));
  }
  return absl::OkStatus();
}

}  // namespace tidemark::service::kafka
