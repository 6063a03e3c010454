#ifndef TIDEMARK_SERVICE_KAFKA_TABLE_COLUMNS_H_
#define TIDEMARK_SERVICE_KAFKA_TABLE_COLUMNS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Indexes of columns, as encoders take them: of whole rows, and of keys.
std::vector<uint32_t> AllColumns(const v1::TableSchema& schema);
std::vector<uint32_t> KeyColumns(const v1::TableSchema& schema);

// InvalidArgument: the key has a column that the table has not.
absl::Status CheckKeyColumns(const v1::TableSchema& schema);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TABLE_COLUMNS_H_
