#ifndef TIDEMARK_MODEL_DRIVER_RECORD_H_
#define TIDEMARK_MODEL_DRIVER_RECORD_H_

#include <optional>
#include <string>

namespace tidemark::model {

// One thing that a driver must find again with its resume token, and that is too large to be
// written with each token. Opaque but for the driver; stored in one write with the token.
struct DriverRecord {
  // Unique within the source.
  std::string name;
  // nullopt: the record is erased.
  std::optional<std::string> value;

  friend bool operator==(const DriverRecord&, const DriverRecord&) = default;
};

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_DRIVER_RECORD_H_
