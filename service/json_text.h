#ifndef TIDEMARK_SERVICE_JSON_TEXT_H_
#define TIDEMARK_SERVICE_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace tidemark::service {

// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_JSON_TEXT_H_
