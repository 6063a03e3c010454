#ifndef TIDEMARK_CAPTURE_MYSQL_NETWORK_ADDRESS_H_
#define TIDEMARK_CAPTURE_MYSQL_NETWORK_ADDRESS_H_

#include <cstddef>
#include <string_view>

namespace tidemark::capture::mysql {

// The text that MariaDB prints for its types UUID, INET4 and INET6. Source: MariaDB 11.8
// plugin/type_inet/sql_type_inet.cc (to_string), plugin/type_uuid/sql_type_uuid.h.

// Room for any of them.
inline constexpr size_t kAddressTextMax = 48;

// `bytes`: 4, 16 and 16 of them. Each returns the text's end.
char* WriteInet4(char* out, std::string_view bytes);
char* WriteInet6(char* out, std::string_view bytes);
char* WriteUuid(char* out, std::string_view bytes);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_NETWORK_ADDRESS_H_
