#ifndef TIDEMARK_TESTS_CAPTURE_MYSQL_BINLOG_WALKER_H_
#define TIDEMARK_TESTS_CAPTURE_MYSQL_BINLOG_WALKER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/payload.h"
#include "capture/mysql/table_map.h"

namespace tidemark::capture::mysql {

// Decodes a whole binlog file with every parser of the room, and shows what it found as text: a
// line for each event and row, values as hex.
class BinlogWalker {
 public:
  enum class Mode {
    kExact,  // as the driver reads: sizes and checksums must fit
    kMended  // for damaged files: sizes and checksums are made to fit, so that the damage arrives
             // at the parsers; goes on behind an error
  };

  explicit BinlogWalker(Mode mode) : mode_(mode) {}

  // `file`: with its magic number.
  std::string Walk(std::string_view file);

  // Errors that parsers gave; and rows that were read, without and within errors.
  int errors() const { return errors_; }
  int rows() const { return rows_; }

 private:
  size_t EventSize(std::string_view rest) const;
  std::string Mended(std::string_view event) const;
  absl::Status OnEvent(std::string_view event);
  absl::Status OnBody(const EventHeader& header, std::string_view body);
  absl::Status OnGtid(EventType type, std::string_view body);
  absl::Status OnMariaDbGtid(const EventHeader& header, std::string_view body);
  absl::Status OnQuery(EventType type, std::string_view body);
  absl::Status OnTableMap(std::string_view body);
  absl::Status OnRows(EventType type, std::string_view body);
  absl::Status OnPayload(std::string_view body);
  absl::Status OnSmall(EventType type, std::string_view body);
  void Show(std::string_view line);

  Mode mode_;
  FormatDescription format_;
  std::map<uint64_t, TableMap> maps_;
  PayloadReader payload_{PayloadLimits{.event_bytes_max = 4 << 20, .window_log_max = 23}};
  int depth_ = 0;
  int errors_ = 0;
  int rows_ = 0;
  std::string out_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_TESTS_CAPTURE_MYSQL_BINLOG_WALKER_H_
