#ifndef TIDEMARK_SERVICE_CONNECTION_TEXT_H_
#define TIDEMARK_SERVICE_CONNECTION_TEXT_H_

#include <string_view>

namespace tidemark::service {

// True if a libpq connection string (keywords, or a URI) holds a password. Pure; accepts any bytes.
bool HoldsPassword(std::string_view connection);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CONNECTION_TEXT_H_
