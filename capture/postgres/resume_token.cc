#include "capture/postgres/resume_token.h"

#include "absl/status/status.h"
#include "model/bytes.h"
#include "model/wire.h"

namespace tidemark::capture::postgres {
namespace {

using model::WireReader;
using model::WireType;

// Field numbers of tidemark/state/state.proto.
enum Field : uint32_t {
  kLsn = 1,
  kPartialCommitLsn = 2,
  kPartialMessages = 3,
  kPartialChanges = 4,
  kSystemId = 5,
  kPublicationOid = 6,
  kTimeline = 7,
};

bool ReadField(WireReader& in, uint32_t field, WireType type, ResumeToken* token) {
  if (type == WireType::kFixed64 && field == kLsn) return in.ReadFixed64(&token->lsn);
  if (type == WireType::kFixed64 && field == kPartialCommitLsn) {
    return in.ReadFixed64(&token->partial_commit_lsn);
  }
  if (type == WireType::kVarint && field == kPartialMessages) {
    return in.ReadVarint(&token->partial_messages);
  }
  if (type == WireType::kVarint && field == kPartialChanges) {
    return in.ReadVarint(&token->partial_changes);
  }
  if (type == WireType::kVarint && field == kPublicationOid) {
    return in.ReadVarint(&token->publication_oid);
  }
  if (type == WireType::kVarint && field == kTimeline) return in.ReadVarint(&token->timeline);
  if (type == WireType::kLength && field == kSystemId) {
    std::string_view text;
    if (!in.ReadLength(&text)) return false;
    token->system_id = std::string(text);
    return true;
  }
  return in.Skip(type);
}

}  // namespace

std::string ResumeToken::Encode() const {
  model::Bytes out;
  if (lsn != 0) model::AppendFixed64Field(out, kLsn, lsn);
  if (partial_commit_lsn != 0) {
    model::AppendFixed64Field(out, kPartialCommitLsn, partial_commit_lsn);
  }
  if (partial_messages != 0) model::AppendVarintField(out, kPartialMessages, partial_messages);
  if (partial_changes != 0) model::AppendVarintField(out, kPartialChanges, partial_changes);
  if (!system_id.empty()) model::AppendLengthField(out, kSystemId, system_id);
  if (publication_oid != 0) model::AppendVarintField(out, kPublicationOid, publication_oid);
  if (timeline != 0) model::AppendVarintField(out, kTimeline, timeline);
  return std::string(out.view());
}

absl::StatusOr<ResumeToken> ResumeToken::Decode(std::string_view encoded) {
  ResumeToken token;
  WireReader in(encoded);
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type) || !ReadField(in, field, type, &token)) {
      return absl::DataLossError("the stored place in the PostgreSQL log is damaged");
    }
  }
  return token;
}

}  // namespace tidemark::capture::postgres
