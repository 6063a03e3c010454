#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_

#include <string>

#include "service/kafka/change_view.h"
#include "service/kafka/connect_type.h"

namespace tidemark::service::kafka {

// Appends the JSON form of a value that is neither null nor unavailable. False: its form cannot
// hold it (NaN of a decimal, a number too large, ...) or it is malformed; then `out` has a part of
// it. Pure and thread-safe.
bool AppendConnectValue(std::string& out, const ConnectType& type, const ValueView& value);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_VALUE_H_
