#ifndef TIDEMARK_CAPTURE_MYSQL_DEFINITION_RECORD_H_
#define TIDEMARK_CAPTURE_MYSQL_DEFINITION_RECORD_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// How a captured table is defined at the place up to which the log was read.
struct Definition {
  // From here on it has been as it is: no statement that alters the table is behind this place.
  model::Position since;
  // What schema_builder.h takes of the catalog: names, columns, left_out, key; the rest is empty.
  std::shared_ptr<const CatalogTable> table;
};

// tidemark.state.MysqlDefinition, so that capture does without the protobuf library.
std::string EncodeDefinition(const Definition& definition);
// Unknown fields are skipped. DataLoss if it is no such message.
absl::StatusOr<Definition> DecodeDefinition(std::string_view encoded);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DEFINITION_RECORD_H_
