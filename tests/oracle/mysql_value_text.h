#ifndef TIDEMARK_TESTS_ORACLE_MYSQL_VALUE_TEXT_H_
#define TIDEMARK_TESTS_ORACLE_MYSQL_VALUE_TEXT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// The text that MySQL or MariaDB gives for a value of the stream in the form that FindMysqlTable
// selects it; nullopt: NULL. Written from the servers' documentation, not from Tidemark's own code.
//
//   BINARY, BLOB      hexadecimal; bytes under a text type: "0x" and hexadecimal
//   FLOAT, DOUBLE     17 digits ("%.17g") of the double
//   temporal types    in UTC, with as many digits of the fraction as the column has
//   GEOMETRY          "SRID:WKB in hexadecimal"
//   VECTOR            hexadecimal of the floats, little endian
//   all else          the server's text
//
// InvalidArgument: the value's kind does not fit its type, or it is marked unavailable.
absl::StatusOr<std::optional<std::string>> MysqlValueText(const v1::Value& value,
                                                          const v1::Type& type);

std::string ExactDoubleText(double number);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_MYSQL_VALUE_TEXT_H_
