#include "capture/mysql/resume_check.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/dump_place.h"
#include "capture/mysql/mariadb_gtid.h"

namespace tidemark::capture::mysql {
namespace {

// The server may look through a whole file of the binlog for it.
constexpr std::chrono::minutes kPositionTimeout{10};

// nullopt: the binlog has no such place.
absl::StatusOr<std::optional<MariaDbPosition>> MariaDbPositionAt(Connection& sql,
                                                                 const LogPlace& place,
                                                                 WaitLimits limits) {
  limits.timeout = kPositionTimeout;
  absl::StatusOr<Result> row =
      sql.Execute(absl::StrCat("SELECT BINLOG_GTID_POS(", sql.QuoteLiteral(place.file), ", ",
                               place.offset, ")"),
                  limits);
  if (!row.ok()) return row.status();
  if (row->null(0, 0)) return std::nullopt;
  return MariaDbPosition::Parse(row->text(0, 0));
}

absl::StatusOr<ResumeToken> TokenFromNow(Connection& sql, const ServerFacts& facts,
                                         const BinlogEnd& end, const WaitLimits& limits) {
  ResumeToken token{.naming = facts.naming,
                    .server = facts.server,
                    .gtids = end.gtids,
                    .file = end.file,
                    .offset = end.offset,
                    .partial = {},
                    .partial_gtid = "",
                    .prepared = {}};
  if (facts.naming == Naming::kMariaDbGtid) {
    auto position = MariaDbPositionAt(sql, {end.file, end.offset}, limits);
    if (!position.ok()) return position.status();
    if (*position) token.gtids = (*position)->ToString();
  }
  return token;
}

std::string_view BaseName(std::string_view file) { return file.substr(0, file.rfind('.')); }

// The last transaction of each domain there is the last one that was merged.
absl::StatusOr<bool> IsMariaDbPlace(Connection& sql, const ResumeToken& token,
                                    const WaitLimits& limits) {
  auto there = MariaDbPositionAt(sql, {token.file, token.offset}, limits);
  if (!there.ok()) return there.status();
  absl::StatusOr<MariaDbPosition> merged = MariaDbPosition::Parse(token.gtids);
  if (!merged.ok()) return merged.status();
  return there->has_value() && merged->Agrees(**there);
}

// Whether the place of the token is in this binlog. Not after RESET, a restore or with another
// log_bin, which begin with the first file again. Where the place is one in the new binlog too, it
// is told by what is before it: MySQL tells only that nothing of what was merged is in it.
absl::StatusOr<bool> HoldsPlace(Connection& sql, const ResumeToken& token, const BinlogEnd& end,
                                const WaitLimits& limits) {
  const LogPlace place = {token.file, token.offset};
  if (BaseName(end.file) != BaseName(token.file) || LogPlace{end.file, end.offset} < place) {
    return false;
  }
  if (token.naming == Naming::kMariaDbGtid) return IsMariaDbPlace(sql, token, limits);
  absl::StatusOr<std::string> held =
      SubtractGtids(sql, sql.QuoteLiteral(token.gtids), "@@global.gtid_purged", limits);
  if (!held.ok()) return held.status();
  return token.gtids.empty() || !held->empty();
}

// Whether it is the binlog that the token was read from; a file that is not known is that of
// another server. By file and offset, the file itself tells it (LogEncoder).
absl::StatusOr<bool> IsSameBinlog(Connection& sql, const ResumeToken& token,
                                  const ServerFacts& facts, const BinlogEnd& end,
                                  const WaitLimits& limits) {
  if (token.server != facts.server) return false;
  if (token.naming == Naming::kFile || token.file.empty()) return true;
  return HoldsPlace(sql, token, end, limits);
}

absl::Status CheckNotPurged(Connection& sql, const ResumeToken& token, const WaitLimits& limits) {
  if (token.naming != Naming::kGtid) return absl::OkStatus();
  absl::StatusOr<std::string> purged =
      SubtractGtids(sql, "@@global.gtid_purged", sql.QuoteLiteral(token.gtids), limits);
  if (!purged.ok()) return purged.status();
  if (purged->empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the server has purged transactions that were not read yet: ", *purged,
                   "; remove the source's data and capture it anew, and keep the binlog for longer "
                   "(binlog_expire_logs_seconds)"));
}

absl::Status Lacks(const std::string& lacking, const char* names) {
  return absl::DataLossError(absl::StrCat(
      "the server that is there now lacks transactions that are in the stream: ", lacking,
      "; connect to a server that has them (one that was made anew from a copy says so in ", names,
      "), or remove the source's data and capture it anew"));
}

absl::Status Unlogged(const std::string& last) {
  return absl::DataLossError(absl::StrCat(
      "the server has replicated what follows ", last,
      " without logging it (log_slave_updates=OFF), and it was not read yet; connect to a server "
      "that has logged it, or remove the source's data and capture it anew"));
}

absl::Status CheckHasGtids(Connection& sql, const ResumeToken& token, const WaitLimits& limits) {
  absl::StatusOr<std::string> lacking =
      SubtractGtids(sql, sql.QuoteLiteral(MergedGtids(token)), "@@global.gtid_executed", limits);
  if (!lacking.ok()) return lacking.status();
  return lacking->empty() ? absl::OkStatus() : Lacks(*lacking, "gtid_purged");
}

// Of a domain that it has not logged at all, the server sends everything as if nothing had been
// read. What it has replicated and not logged, or had from the start, is in gtid_slave_pos, and has
// to end where the token does. Less is refused than could be: transactions of two servers with one
// sequence are told apart when the dump begins.
absl::Status CheckHasDomains(Connection& sql, const ResumeToken& token, const WaitLimits& limits) {
  absl::StatusOr<Result> row =
      sql.Execute("SELECT @@global.gtid_binlog_state, @@global.gtid_slave_pos", limits);
  if (!row.ok()) return row.status();
  absl::StatusOr<MariaDbPosition> logged = MariaDbPosition::ParseState(row->text(0, 0));
  if (!logged.ok()) return logged.status();
  absl::StatusOr<MariaDbPosition> replicated = MariaDbPosition::ParseState(row->text(0, 1));
  if (!replicated.ok()) return replicated.status();
  absl::StatusOr<MariaDbPosition> merged = MariaDbPosition::ParseState(MergedGtids(token));
  if (!merged.ok()) return merged.status();
  absl::StatusOr<MariaDbPosition> delivered = MariaDbPosition::ParseState(token.gtids);
  if (!delivered.ok()) return delivered.status();
  const MariaDbPosition lacking = merged->Beyond(*logged).Beyond(*replicated);
  if (!lacking.empty()) return Lacks(lacking.ToString(), "gtid_slave_pos");
  const MariaDbPosition unlogged = delivered->Beyond(*logged);
  return replicated->Agrees(unlogged) ? absl::OkStatus() : Unlogged(unlogged.ToString());
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
                                         const BinlogEnd& end, const std::string& resume,
                                         const WaitLimits& limits) {
  if (resume.empty()) return TokenFromNow(sql, facts, end, limits);
  absl::StatusOr<ResumeToken> token = ResumeToken::Decode(resume);
  if (!token.ok()) return token.status();
  absl::Status status = CheckNaming(*token, facts);
  if (!status.ok()) return status;
  absl::StatusOr<bool> same = IsSameBinlog(sql, *token, facts, end, limits);
  if (!same.ok()) return same.status();
  const bool moved = !*same;
  if (moved && token->naming == Naming::kFile) return AnotherServer(*token, facts);
  status = CheckNotPurged(sql, *token, limits);
  if (status.ok() && moved) {
    status = token->naming == Naming::kGtid ? CheckHasGtids(sql, *token, limits)
                                            : CheckHasDomains(sql, *token, limits);
  }
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
