#ifndef TIDEMARK_SERVICE_KAFKA_FORMATS_H_
#define TIDEMARK_SERVICE_KAFKA_FORMATS_H_

#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "service/kafka/publish_options.h"
#include "service/kafka/table_encoder.h"

namespace tidemark::service::kafka {

// The encoders of one source. `registry`: for the formats that keep their schemas in one; `stop`
// ends waits for it. Unavailable: the format names the server, which was not reached yet.
absl::StatusOr<std::unique_ptr<EncoderFactory>> MakeEncoders(const std::string& source,
                                                             const PublishOptions& options,
                                                             const RegistryOptions& registry,
                                                             const capture::ServerNames& names,
                                                             std::stop_token stop);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_FORMATS_H_
