#ifndef TIDEMARK_SERVICE_KAFKA_FORMATS_H_
#define TIDEMARK_SERVICE_KAFKA_FORMATS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "service/kafka/publish_options.h"
#include "service/kafka/table_encoder.h"

namespace tidemark::service::kafka {

// The encoders of one source. Unavailable: the format names the server, which was not reached yet.
absl::StatusOr<std::unique_ptr<EncoderFactory>> MakeEncoders(const std::string& source,
                                                             const PublishOptions& options,
                                                             const capture::ServerNames& names);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_FORMATS_H_
