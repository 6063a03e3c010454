#ifndef TIDEMARK_CAPTURE_POSTGRES_PGOUTPUT_H_
#define TIDEMARK_CAPTURE_POSTGRES_PGOUTPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::capture::postgres {

// Parser of PostgreSQL's logical replication stream: CopyData payloads and the pgoutput messages in
// them (PostgreSQL 14 to 18, src/backend/replication/walsender.c and logical/proto.c). Integers are
// big endian.
//
// Pure: no I/O, no clock. All views point into the parsed bytes. Bytes that do not fit the layout
// give DataLoss with the message's kind and the offset within it; never a value of a row. LSNs are
// plain 64-bit numbers; times are microseconds since 1970-01-01 UTC.

using Lsn = uint64_t;

// "16/B374D848", as the server writes one.
std::string LsnText(Lsn lsn);

// What one CopyData payload carries.
struct Envelope {
  enum class Kind : char { kLog = 'w', kKeepalive = 'k' };
  Kind kind = Kind::kLog;
  // kLog: where `message` starts in the WAL; 0 for messages without a place of their own.
  Lsn start_lsn = 0;
  // kLog: the server's newest WAL, or 0. kKeepalive: the server has sent everything up to here.
  Lsn end_lsn = 0;
  int64_t server_time_us = 0;
  // kKeepalive: the server wants a status update now.
  bool reply_requested = false;
  // kLog: one pgoutput message.
  std::string_view message;
};

absl::StatusOr<Envelope> ParseEnvelope(std::string_view copy_data);

// First byte of a message.
enum class MessageKind : char {
  kBegin = 'B',
  kCommit = 'C',
  kOrigin = 'O',
  kRelation = 'R',
  kType = 'Y',
  kInsert = 'I',
  kUpdate = 'U',
  kDelete = 'D',
  kTruncate = 'T',
  kLogicalMessage = 'M',
  kStreamStart = 'S',
  kStreamStop = 'E',
  kStreamCommit = 'c',
  kStreamAbort = 'A',
  kBeginPrepare = 'b',
  kPrepare = 'P',
  kCommitPrepared = 'K',
  kRollbackPrepared = 'r',
  kStreamPrepare = 'p',
};

// "Insert"; "unknown" for a byte that is no kind.
std::string_view KindName(MessageKind kind);

// DataLoss for an empty message and for a byte that is no kind.
absl::StatusOr<MessageKind> ParseKind(std::string_view message);

struct BeginMessage {
  // Where the transaction's commit record starts.
  Lsn commit_lsn = 0;
  int64_t commit_time_us = 0;
  uint32_t xid = 0;
};

struct CommitMessage {
  // Start and end of the commit record.
  Lsn commit_lsn = 0;
  Lsn end_lsn = 0;
  int64_t commit_time_us = 0;
};

struct OriginMessage {
  Lsn commit_lsn = 0;
  std::string_view name;
};

struct RelationColumn {
  // Part of the replica identity (of a FULL one: every column).
  bool identity = false;
  std::string name;
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
};

// Owns its strings: a relation is kept as long as its rows may follow.
struct RelationMessage {
  uint32_t oid = 0;
  std::string name_space;
  std::string name;
  // d(efault), n(othing), f(ull), i(ndex).
  char replica_identity = 'd';
  std::vector<RelationColumn> columns;
};

struct TypeMessage {
  uint32_t oid = 0;
  std::string_view name_space;
  std::string_view name;
};

// One column of a row.
struct ColumnView {
  enum class Kind : char { kNull = 'n', kUnchanged = 'u', kText = 't', kBinary = 'b' };
  Kind kind = Kind::kNull;
  // kText, kBinary.
  std::string_view bytes;

  friend bool operator==(const ColumnView&, const ColumnView&) = default;
};

// A row. Meant to be reused, so that parsing does not allocate.
struct Tuple {
  std::vector<ColumnView> columns;
  // Of all columns together, with their headers.
  size_t bytes = 0;
};

// Insert, Update or Delete.
struct RowMessage {
  uint32_t relation = 0;
  // What `old_row` is: 'K' only the columns of the replica identity (the others are kNull, whatever
  // the row had), 'O' the whole row, 0 absent.
  char old_kind = 0;
  Tuple old_row;
  bool has_new_row = false;
  Tuple new_row;
};

struct TruncateMessage {
  bool cascade = false;
  bool restart_identity = false;
  std::vector<uint32_t> relations;
};

struct LogicalMessageView {
  bool transactional = false;
  // End of the message's own record.
  Lsn lsn = 0;
  std::string_view prefix;
  std::string_view content;
};

// A message of the streaming or two-phase modes, which Tidemark never asks for.
struct UnrequestedMessage {
  MessageKind kind = MessageKind::kStreamStart;
  // 0 where the message has none (StreamStop).
  uint32_t xid = 0;
  // Of the two-phase kinds.
  std::string_view global_id;
};

// Each parses one message whose kind is the function's. REQUIRES: ParseKind gave that kind.
absl::StatusOr<BeginMessage> ParseBegin(std::string_view message);
absl::StatusOr<CommitMessage> ParseCommit(std::string_view message);
absl::StatusOr<OriginMessage> ParseOrigin(std::string_view message);
absl::StatusOr<RelationMessage> ParseRelation(std::string_view message);
absl::StatusOr<TypeMessage> ParseType(std::string_view message);
absl::StatusOr<TruncateMessage> ParseTruncate(std::string_view message);
absl::StatusOr<LogicalMessageView> ParseLogicalMessage(std::string_view message);
absl::StatusOr<UnrequestedMessage> ParseUnrequested(std::string_view message);
// Insert, Update, Delete. What `row` held before is replaced.
absl::Status ParseRow(std::string_view message, RowMessage* row);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_PGOUTPUT_H_
