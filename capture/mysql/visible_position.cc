#include "capture/mysql/visible_position.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "capture/mysql/statement.h"
#include "capture/mysql/xa_id.h"

namespace tidemark::capture::mysql {
namespace {

constexpr int kLooksMax = 4;
// Commits wait while the server lists a file.
constexpr uint64_t kListedBytesMax = 256 << 10;

absl::StatusOr<BinlogEnd> LoadOnce(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<Result> rows =
      connection.Execute("SHOW STATUS LIKE 'binlog\\_snapshot\\_%'", limits);
  if (!rows.ok()) return rows.status();
  BinlogEnd end;
  for (int row = 0; row < rows->rows(); ++row) {
    if (rows->text(row, 0) == "Binlog_snapshot_file") end.file = rows->str(row, 1);
    if (rows->text(row, 0) == "Binlog_snapshot_position") {
      end.offset = rows->unsigned_number(row, 1);
    }
  }
  if (end.file.empty() || end.offset == 0) {
    return absl::FailedPreconditionError(
        "the server does not tell the binlog position of a consistent snapshot; it must be MariaDB "
        "10.11 or later with log_bin");
  }
  return end;
}

// File and offset are two variables, which another session may be setting one after the other where
// the binlog goes on in a new file: an old offset would be too large there, and the next look shows
// a smaller one. Of no file, if each look shows another: there is nothing to be learnt just then.
absl::StatusOr<BinlogEnd> LoadShown(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<BinlogEnd> last = LoadOnce(connection, limits);
  for (int look = 1; last.ok() && look < kLooksMax; ++look) {
    absl::StatusOr<BinlogEnd> next = LoadOnce(connection, limits);
    if (!next.ok()) return next.status();
    if (next->file == last->file) {
      next->offset = std::min(next->offset, last->offset);
      return next;
    }
    last = *std::move(next);
  }
  if (!last.ok()) return last.status();
  return BinlogEnd{};
}

// Of a status variable that may not be there.
absl::StatusOr<uint64_t> LoadCount(Connection& connection, absl::string_view pattern,
                                   const WaitLimits& limits) {
  absl::StatusOr<Result> rows =
      connection.Execute(absl::StrCat("SHOW GLOBAL STATUS LIKE '", pattern, "'"), limits);
  if (!rows.ok()) return rows.status();
  return rows->rows() == 0 ? 0 : rows->unsigned_number(0, 1);
}

// XaId::Key() of all that XA RECOVER lists.
absl::StatusOr<std::set<std::string>> LoadPrepared(Connection& connection,
                                                   const WaitLimits& limits) {
  absl::StatusOr<Result> rows = connection.Execute("XA RECOVER", limits);
  if (!rows.ok()) return rows.status();
  std::set<std::string> prepared;
  for (int row = 0; row < rows->rows(); ++row) {
    const std::string data = rows->str(row, 3);
    const size_t gtrid = std::min<size_t>(rows->unsigned_number(row, 1), data.size());
    prepared.insert(XaId{.format = static_cast<uint32_t>(rows->unsigned_number(row, 0)),
                         .gtrid = data.substr(0, gtrid),
                         .bqual = data.substr(gtrid)}
                        .Key());
  }
  return prepared;
}

absl::StatusOr<CommitsUnderWay::Counts> LoadCounts(Connection& connection,
                                                   const WaitLimits& limits) {
  absl::StatusOr<uint64_t> finished = LoadCount(connection, R"(binlog\_group\_commits)", limits);
  if (!finished.ok()) return finished.status();
  absl::StatusOr<uint64_t> waiting =
      LoadCount(connection, R"(rpl\_semi\_sync\_master\_wait\_sessions)", limits);
  if (!waiting.ok()) return waiting.status();
  absl::StatusOr<std::set<std::string>> prepared = LoadPrepared(connection, limits);
  if (!prepared.ok()) return prepared.status();
  return CommitsUnderWay::Counts{*finished, *waiting, prepared->size()};
}

// Asks after XA transactions whose commit was read before.
absl::Status NoteXaCommits(Connection& connection, CommitPlaces& places, const WaitLimits& limits) {
  const std::vector<CommitPlaces::XaCommit> commits = places.XaCommits();
  if (commits.empty()) return absl::OkStatus();
  absl::StatusOr<std::set<std::string>> prepared = LoadPrepared(connection, limits);
  if (!prepared.ok()) return prepared.status();
  std::vector<model::Position> done;
  for (const CommitPlaces::XaCommit& commit : commits) {
    if (!prepared->contains(commit.xid)) done.push_back(commit.start);
  }
  places.NoteCommitted(done);
  return absl::OkStatus();
}

// The transactions of a file as SHOW BINLOG EVENTS lists it.
class ListedTransactions {
 public:
  struct Event {
    uint64_t start = 0;
    std::string_view type;
    uint64_t end = 0;  // 0: within a transaction
    std::string_view info;
  };

  ListedTransactions(const SessionFactory::Origin& origin, const std::string& file)
      : file_(SessionFactory::PositionOf(origin, file, 0)) {}

  // In the file's order, up to the end of a transaction.
  void Add(const Event& event) {
    if (event.type == "Gtid") {
      found_.push_back({At(event.start), {}, CommitId(event.info), ""});
      inside_ = true;
    } else if (event.type == "Binlog_checkpoint") {
      inside_ = false;
    } else if (inside_) {
      found_.back().end = At(event.end);
      found_.back().xid = XaCommitted(event.info);
    }
  }
  const std::vector<CommitPlaces::Transaction>& found() const { return found_; }

 private:
  model::Position At(uint64_t offset) const { return {file_.file, offset}; }
  // "BEGIN GTID 0-1-14 cid=71"
  static uint64_t CommitId(std::string_view info) {
    constexpr std::string_view kCommitIdName = " cid=";
    const size_t at = info.rfind(kCommitIdName);
    uint64_t id = 0;
    if (at == std::string_view::npos) return id;
    std::from_chars(info.data() + at + kCommitIdName.size(), info.data() + info.size(), id);
    return id;
  }
  static std::string XaCommitted(std::string_view info) {
    const Statement statement = ParseStatement(info, 0, "", true);
    return statement.kind == StatementKind::kXaCommit ? statement.xid.Key() : "";
  }

  const model::Position file_;
  bool inside_ = false;
  std::vector<CommitPlaces::Transaction> found_;
};

}  // namespace

absl::StatusOr<model::Position> LoadVisiblePosition(Connection& connection,
                                                    const SessionFactory::Origin& origin,
                                                    SessionFactory& sessions,
                                                    const WaitLimits& limits) {
  absl::StatusOr<BinlogEnd> shown = LoadShown(connection, limits);
  if (!shown.ok()) return shown.status();
  CommitPlaces& places = sessions.commit_places();
  absl::Status status = NoteXaCommits(connection, places, limits);
  if (!status.ok()) return status;
  if (shown->file.empty()) return places.Visible({});
  return places.Visible(SessionFactory::PositionOf(origin, shown->file, shown->offset));
}

absl::Status PassCommitsBefore(Connection& connection, const SessionFactory::Origin& origin,
                               const std::string& file, uint64_t offset, CommitPlaces& places,
                               const WaitLimits& limits) {
  if (offset > kListedBytesMax) return absl::OkStatus();
  absl::StatusOr<Result> rows = connection.Execute(
      absl::StrCat("SHOW BINLOG EVENTS IN ", connection.QuoteLiteral(file)), limits);
  if (!rows.ok()) return connection.healthy() ? absl::OkStatus() : rows.status();
  ListedTransactions listed(origin, file);
  for (int row = 0; row < rows->rows(); ++row) {
    if (rows->unsigned_number(row, 1) >= offset) break;
    listed.Add({.start = rows->unsigned_number(row, 1),
                .type = rows->text(row, 2),
                .end = rows->unsigned_number(row, 4),
                .info = rows->text(row, 5)});
  }
  for (const CommitPlaces::Transaction& transaction : listed.found()) places.Pass(transaction);
  return absl::OkStatus();
}

absl::Status VisibilityProof::Step(Connection& connection, const SessionFactory::Origin& origin,
                                   const WaitLimits& limits) {
  if (origin_ != origin) commits_.reset();
  origin_ = origin;
  if (!commits_) return Begin(connection, limits);
  absl::StatusOr<CommitsUnderWay::Counts> counts = LoadCounts(connection, limits);
  if (!counts.ok()) return counts.status();
  if (!commits_->Finished(*counts, CommitsUnderWay::Clock::now())) return absl::OkStatus();
  commits_.reset();
  sessions_->commit_places().NoteVisible(end_);
  return absl::OkStatus();
}

// While sessions wait for a replica, the question for the end may have to wait as long.
absl::Status VisibilityProof::Begin(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<CommitsUnderWay::Counts> counts = LoadCounts(connection, limits);
  if (!counts.ok()) return counts.status();
  if (counts->waiting > 0) return absl::OkStatus();
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(connection, limits);
  if (!end.ok()) return end.status();
  counts = LoadCounts(connection, limits);
  if (!counts.ok()) return counts.status();
  end_ = SessionFactory::PositionOf(origin_, end->file, end->offset);
  commits_.emplace(*counts, CommitsUnderWay::Clock::now());
  return absl::OkStatus();
}

}  // namespace tidemark::capture::mysql
