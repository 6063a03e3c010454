#include "capture/mysql/resume_token.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "capture/mysql/state_fields.h"
#include "model/bytes.h"
#include "model/wire.h"

namespace tidemark::capture::mysql {
namespace {

using model::AppendFixed64Field;
using model::AppendLengthField;
using model::WireReader;
using model::WireType;

// Field numbers of tidemark/state/state.proto: MysqlResume and PreparedTransaction.
enum Field : uint32_t {
  kNaming = 1,
  kServer = 2,
  kMoves = 3,
  kGtids = 4,
  kFile = 5,
  kOffset = 6,
  kPartialFile = 7,
  kPartialOffset = 8,
  kPartialRows = 9,
  kPartialChanges = 10,
  kPrepared = 11,
  kPartialGtid = 12,
  kFileBegun = 13,
  kDefinitions = 14,
};
enum PreparedField : uint32_t {
  kPreparedXid = 1,
  kPreparedGtid = 2,
  kPreparedFile = 3,
  kPreparedOffset = 4,
};

void AppendOffset(model::Bytes& out, uint32_t field, uint64_t offset) {
  if (offset != 0) AppendFixed64Field(out, field, offset);
}

bool ReadPreparedField(WireReader& in, uint32_t field, WireType type, PreparedTransaction* out) {
  if (type == WireType::kLength && field == kPreparedXid) return ReadText(in, &out->xid);
  if (type == WireType::kLength && field == kPreparedGtid) return ReadText(in, &out->gtid);
  if (type == WireType::kLength && field == kPreparedFile) return ReadText(in, &out->file);
  if (type == WireType::kFixed64 && field == kPreparedOffset) return in.ReadFixed64(&out->offset);
  return in.Skip(type);
}

bool ReadPrepared(WireReader& outer, ResumeToken* token) {
  std::string_view bytes;
  if (!outer.ReadLength(&bytes)) return false;
  WireReader in(bytes);
  PreparedTransaction& prepared = token->prepared.emplace_back();
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type) || !ReadPreparedField(in, field, type, &prepared)) return false;
  }
  return true;
}

bool ReadVarintField(WireReader& in, uint32_t field, ResumeToken* token) {
  uint64_t number = 0;
  if (!in.ReadVarint(&number)) return false;
  if (field == kNaming) token->naming = static_cast<Naming>(number);
  if (field == kMoves) token->moves = number;
  if (field == kPartialRows) token->partial_rows = number;
  if (field == kPartialChanges) token->partial_changes = number;
  if (field == kDefinitions) token->definitions = number != 0;
  if (field == kFileBegun) token->file_begun_s = static_cast<uint32_t>(number);
  return true;
}

bool ReadFixedField(WireReader& in, uint32_t field, ResumeToken* token) {
  uint64_t number = 0;
  if (!in.ReadFixed64(&number)) return false;
  if (field == kOffset) token->offset = number;
  if (field == kPartialFile) token->partial.file = number;
  if (field == kPartialOffset) token->partial.offset = number;
  return true;
}

bool ReadField(WireReader& in, uint32_t field, WireType type, ResumeToken* token) {
  if (type == WireType::kVarint) return ReadVarintField(in, field, token);
  if (type == WireType::kFixed64) return ReadFixedField(in, field, token);
  if (type != WireType::kLength) return in.Skip(type);
  if (field == kServer) return ReadText(in, &token->server);
  if (field == kGtids) return ReadText(in, &token->gtids);
  if (field == kFile) return ReadText(in, &token->file);
  if (field == kPartialGtid) return ReadText(in, &token->partial_gtid);
  if (field == kPrepared) return ReadPrepared(in, token);
  return in.Skip(type);
}

void AppendPrepared(model::Bytes& out, const PreparedTransaction& prepared) {
  model::Bytes message;
  AppendText(message, kPreparedXid, prepared.xid);
  AppendText(message, kPreparedGtid, prepared.gtid);
  AppendText(message, kPreparedFile, prepared.file);
  AppendOffset(message, kPreparedOffset, prepared.offset);
  AppendLengthField(out, kPrepared, message.view());
}

}  // namespace

std::string ResumeToken::Encode() const {
  model::Bytes out;
  AppendNumber(out, kNaming, static_cast<uint64_t>(naming));
  AppendText(out, kServer, server);
  AppendNumber(out, kMoves, moves);
  AppendText(out, kGtids, gtids);
  AppendText(out, kFile, file);
  AppendOffset(out, kOffset, offset);
  AppendOffset(out, kPartialFile, partial.file);
  AppendOffset(out, kPartialOffset, partial.offset);
  AppendNumber(out, kPartialRows, partial_rows);
  AppendNumber(out, kPartialChanges, partial_changes);
  AppendText(out, kPartialGtid, partial_gtid);
  AppendNumber(out, kFileBegun, file_begun_s);
  AppendNumber(out, kDefinitions, definitions ? 1 : 0);
  for (const PreparedTransaction& transaction : prepared) AppendPrepared(out, transaction);
  return std::string(out.view());
}

absl::StatusOr<ResumeToken> ResumeToken::Decode(std::string_view encoded) {
  ResumeToken token;
  WireReader in(encoded);
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type) || !ReadField(in, field, type, &token)) {
      return absl::DataLossError("the stored place in the binlog is damaged");
    }
  }
  if (token.naming == Naming::kNone || token.naming > Naming::kFile) {
    return absl::DataLossError(
        "the stored place in the log is none of a MySQL or MariaDB server; a source cannot change "
        "its kind: give the new one another name");
  }
  return token;
}

uint64_t FileNumber(std::string_view file) {
  const size_t dot = file.rfind('.');
  uint64_t number = 0;
  if (dot == std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(file.data() + dot + 1, file.size() - dot - 1), &number)) {
    return 0;
  }
  return number;
}

}  // namespace tidemark::capture::mysql
