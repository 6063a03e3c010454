#ifndef TIDEMARK_STORAGE_SCHEMA_CODEC_H_
#define TIDEMARK_STORAGE_SCHEMA_CODEC_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/event.h"
#include "model/schema.h"

namespace tidemark::storage {

// The frame that announces `schema` at `sequence`.
std::string SchemaFrameOf(const model::TableSchema& schema, model::Sequence sequence);

// The schema that such a frame announces. DataLoss: it is none. Type.delimiter is not in the frame
// and comes back as ',' (only the driver needs it, and it resolves its types anew).
absl::StatusOr<std::shared_ptr<const model::TableSchema>> SchemaOfFrame(std::string_view frame);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_SCHEMA_CODEC_H_
