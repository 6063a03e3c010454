#include "capture/mysql/resume_check.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {
namespace {

absl::StatusOr<std::string> MariaDbPositionAt(Connection& sql, const BinlogEnd& end,
                                              const WaitLimits& limits) {
  absl::StatusOr<Result> row = sql.Execute(
      absl::StrCat("SELECT BINLOG_GTID_POS(", sql.QuoteLiteral(end.file), ", ", end.offset, ")"),
      limits);
  if (!row.ok()) return row.status();
  return row->str(0, 0);
}

absl::StatusOr<ResumeToken> TokenFromNow(Connection& sql, const ServerFacts& facts,
                                         const WaitLimits& limits) {
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(sql, limits);
  if (!end.ok()) return end.status();
  ResumeToken token{.naming = facts.naming,
                    .server = facts.server,
                    .gtids = end->gtids,
                    .file = end->file,
                    .offset = end->offset,
                    .partial = {},
                    .partial_gtid = "",
                    .prepared = {}};
  if (facts.naming == Naming::kMariaDbGtid) {
    absl::StatusOr<std::string> position = MariaDbPositionAt(sql, *end, limits);
    if (!position.ok()) return position.status();
    token.gtids = *position;
  }
  return token;
}

absl::Status CheckReach(Connection& sql, const ResumeToken& token, bool moved,
                        const WaitLimits& limits) {
  if (token.naming != Naming::kGtid) return absl::OkStatus();
  const std::string merged = sql.QuoteLiteral(token.gtids);
  absl::StatusOr<std::string> purged = SubtractGtids(sql, "@@global.gtid_purged", merged, limits);
  if (!purged.ok()) return purged.status();
  if (!purged->empty()) {
    return absl::DataLossError(absl::StrCat(
        "the server has purged transactions that were not read yet: ", *purged,
        "; remove the source's data and capture it anew, and keep the binlog for longer "
        "(binlog_expire_logs_seconds)"));
  }
  if (!moved) return absl::OkStatus();
  absl::StatusOr<std::string> lacking =
      SubtractGtids(sql, merged, "@@global.gtid_executed", limits);
  if (!lacking.ok()) return lacking.status();
  if (lacking->empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the server that is there now lacks transactions that are in the stream: ", *lacking,
      "; connect to a server that has them, or remove the source's data and capture it anew"));
}

// A log that is read by file and offset goes on so, whatever gtid_mode is: both are in every event.
absl::Status CheckNaming(const ResumeToken& token, const ServerFacts& facts) {
  const bool by_file = token.naming == Naming::kFile && facts.flavour == Flavour::kMySql;
  if (by_file || token.naming == facts.naming) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the server names transactions in another way than before (gtid_mode, or another kind of "
      "server); set it back, or remove the source's data and capture it anew");
}

absl::Status AnotherServer(const ResumeToken& token, const ServerFacts& facts) {
  return absl::FailedPreconditionError(absl::StrCat(
      "another server is behind the address (", facts.server, ", the log was read from ",
      token.server,
      "), and without GTIDs nothing tells where its log goes on; connect to the same server again, "
      "or remove the source's data and capture it anew (with gtid_mode=ON, Tidemark follows a "
      "failover)"));
}

}  // namespace

absl::StatusOr<std::string> SubtractGtids(Connection& sql, const std::string& set,
                                          const std::string& removed, const WaitLimits& limits) {
  absl::StatusOr<Result> row =
      sql.Execute(absl::StrCat("SELECT GTID_SUBTRACT(", set, ", ", removed, ")"), limits);
  if (!row.ok()) return row.status();
  return row->str(0, 0);
}

std::string MergedGtids(const ResumeToken& token) {
  if (token.partial_rows == 0) return token.gtids;
  return absl::StrCat(token.gtids, token.gtids.empty() ? "" : ",", token.partial_gtid);
}

absl::StatusOr<ResumeToken> PrepareToken(Connection& sql, const ServerFacts& facts,
                                         const std::string& resume, const WaitLimits& limits) {
  if (resume.empty()) return TokenFromNow(sql, facts, limits);
  absl::StatusOr<ResumeToken> token = ResumeToken::Decode(resume);
  if (!token.ok()) return token.status();
  absl::Status status = CheckNaming(*token, facts);
  if (!status.ok()) return status;
  const bool moved = token->server != facts.server;
  if (moved && token->naming == Naming::kFile) return AnotherServer(*token, facts);
  status = CheckReach(sql, *token, moved, limits);
  if (!status.ok()) return status;
  if (moved) {
    ++token->moves;
    token->server = facts.server;
    token->definitions = false;
    token->file.clear();
    token->offset = 0;
    for (PreparedTransaction& prepared : token->prepared) prepared.file.clear();
  }
  return token;
}

}  // namespace tidemark::capture::mysql
