#ifndef TIDEMARK_CAPTURE_MYSQL_RESUME_TOKEN_H_
#define TIDEMARK_CAPTURE_MYSQL_RESUME_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// How transactions are named, which decides how a dump is resumed.
enum class Naming : uint8_t {
  kNone = 0,
  kGtid = 1,  // MySQL with gtid_mode=ON
  kMariaDbGtid = 2,
  kFile = 3,  // MySQL without GTIDs: file and offset only
};

// A transaction that was prepared (XA PREPARE) and neither committed nor rolled back yet. Its rows
// are in the binlog, before the place where the log is resumed; they are read again at its XA
// COMMIT.
struct PreparedTransaction {
  // XaId::Key.
  std::string xid;
  // The name of the group that prepared it; empty if that is anonymous.
  std::string gtid;
  // Where that group starts, on the server that the token names.
  std::string file;
  uint64_t offset = 0;

  friend bool operator==(const PreparedTransaction&, const PreparedTransaction&) = default;
};

// Where to go on reading the binlog: tidemark.state.MysqlResume as a plain struct, so that capture
// does without the protobuf library. LogBatch.resume is its encoding.
struct ResumeToken {
  Naming naming = Naming::kNone;
  // The server that the log was read from: MySQL's server_uuid, MariaDB's server_id.
  std::string server;
  // How often the source has moved to another binlog: another server's, or one that was begun anew.
  uint64_t moves = 0;
  // kGtid: all transactions delivered wholly, as text. kMariaDbGtid: the last one of each domain.
  std::string gtids;
  // Where the next transaction starts on `server`.
  std::string file;
  uint64_t offset = 0;
  // kFile: when `file` was begun, seconds since 1970, as its first event says; 0: not known yet. A
  // file of the same name with another time is another one (RESET BINARY LOGS).
  uint32_t file_begun_s = 0;
  // A transaction of which only the beginning was delivered: its position and name, how many of its
  // rows (as the binlog has them, of captured tables) and of its changes. Rows 0: none.
  model::Position partial;
  std::string partial_gtid;  // empty if it is anonymous
  uint64_t partial_rows = 0;
  uint64_t partial_changes = 0;
  std::vector<PreparedTransaction> prepared;
  // The records of tables (definition_record.h) are in step with this token.
  bool definitions = false;

  // The serialized message.
  std::string Encode() const;
  // Unknown fields are skipped. DataLoss if it is no such message.
  static absl::StatusOr<ResumeToken> Decode(std::string_view encoded);

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

// The number of a binlog file: 12 of "binlog.000012". 0: the name has none.
uint64_t FileNumber(std::string_view file);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_RESUME_TOKEN_H_
