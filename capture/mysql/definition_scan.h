#ifndef TIDEMARK_CAPTURE_MYSQL_DEFINITION_SCAN_H_
#define TIDEMARK_CAPTURE_MYSQL_DEFINITION_SCAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "capture/mysql/altered_tables.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/dump_place.h"
#include "model/bytes.h"

namespace tidemark::capture::mysql {

// The statements that may define tables anew in a stretch of the binlog, from a dump of it that is
// looked at for nothing else. Pure; one thread owns it.
//
// Compressed transactions are not opened: of definitions they can hold CREATE TABLE ... SELECT
// alone, which alters no table that is there.
class DefinitionScan {
 public:
  // A dump begins at `from`; what was found is forgotten.
  void Start(LogPlace from);
  // It goes on where it ended, with another dump.
  void Continue() { format_.reset(); }

  // The next event. DataLoss: malformed.
  absl::Status Consume(std::string_view event);

  // The stretch.
  const LogPlace& from() const { return from_; }
  LogPlace to() const { return {place_.file, place_.end}; }

  // Where the last statement ends that may alter the table and is behind `place`; nullopt: there is
  // none in the stretch. REQUIRES: `place` lies in it.
  std::optional<LogPlace> FindAfter(const LogPlace& place, std::string_view database,
                                    std::string_view table) const;
  // Nobody will ask about places before it any more.
  void DropBefore(const LogPlace& place);

 private:
  absl::Status ConsumeFormat(const EventHeader& header, std::string_view event);
  absl::Status ConsumeRotate(const EventHeader& header, std::string_view event);
  absl::Status ConsumeHeartbeat(const EventHeader& header, std::string_view body);
  absl::Status ConsumeBody(const EventHeader& header, std::string_view body);
  absl::Status ConsumeQuery(const EventHeader& header, std::string_view body);
  void Note(const AlteredTables& altered);

  LogPlace from_;
  DumpPlace place_;
  std::optional<FormatDescription> format_;
  // The group's statement is not executed at its place (MariaDB: START ALTER, ROLLBACK ALTER).
  bool idle_ = false;
  // Where the last statement ends that may alter all tables, and those of each name.
  std::optional<LogPlace> altered_all_;
  std::map<AlteredTables::Name, LogPlace> altered_;
  model::Bytes scratch_, text_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DEFINITION_SCAN_H_
