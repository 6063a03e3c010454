#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_

#include "service/kafka/change_view.h"
#include "service/kafka/connect_type.h"
#include "service/kafka/connect_writer.h"

namespace tidemark::service::kafka {

// Writes a value that is neither null nor unavailable. False: its type cannot hold it (NaN of a
// decimal, a number too large, ...) or it is malformed; then a part of it is written. Pure and
// thread-safe.
bool WriteConnectValue(ConnectWriter& out, const ConnectType& type, const ValueView& value);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_
