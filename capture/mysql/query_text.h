#ifndef TIDEMARK_CAPTURE_MYSQL_QUERY_TEXT_H_
#define TIDEMARK_CAPTURE_MYSQL_QUERY_TEXT_H_

#include <string_view>

#include "capture/mysql/binlog_event.h"
#include "model/bytes.h"

namespace tidemark::capture::mysql {

// A statement as ParseStatement takes it.
struct QueryText {
  std::string_view text;
  // False: its bytes are no text of the client's charset, or that is not known here; they are left
  // as they are. Where the server sees a quote, something else may be seen then.
  bool readable = true;
};

// The event's statement in UTF-8. `scratch` holds it where it had to be converted.
QueryText ReadQueryText(const QueryEvent& query, model::Bytes& scratch);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_QUERY_TEXT_H_
