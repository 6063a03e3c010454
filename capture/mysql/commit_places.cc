#include "capture/mysql/commit_places.h"

#include <algorithm>
#include <utility>

namespace tidemark::capture::mysql {
namespace {

// That are in the log and not visible.
constexpr size_t kUnderWayMax = 2;
// The lower half of a position's file is the number in its name.
constexpr uint64_t kFileNumber = 0xffffffff;

}  // namespace

void CommitPlaces::Begin() {
  std::lock_guard lock(mutex_);
  ends_.clear();
  file_ = commit_id_ = groups_ = 0;
  last_.clear();
  last_before_.clear();
  visible_ = noted_ = {};
  xa_commits_.clear();
}

void CommitPlaces::Pass(const Transaction& transaction) {
  std::lock_guard lock(mutex_);
  if (!transaction.xid.empty()) PassXaCommit(transaction);
  const model::Position& end = transaction.end;
  if (end.file != file_) {
    file_ = end.file;
    groups_ = 0;
    last_before_ = std::exchange(last_, {});
  } else if (transaction.commit_id != 0 && transaction.commit_id == commit_id_) {
    last_.pop_back();
    --groups_;
  }
  commit_id_ = transaction.commit_id;
  last_.push_back(end.offset);
  ++groups_;
  if (last_.size() > kUnderWayMax) last_.pop_front();
  if (MayBeOfTheFileBefore(end.offset)) return;
  ends_.push_back(end);
  if (ends_.size() > kEndsMax) ends_.pop_front();
}

bool CommitPlaces::MayBeOfTheFileBefore(uint64_t offset) const {
  if (groups_ > kUnderWayMax || (file_ & kFileNumber) == 1) return false;
  return last_before_.size() < kUnderWayMax || std::ranges::count(last_before_, offset) > 0;
}

void CommitPlaces::PassXaCommit(const Transaction& transaction) {
  const model::Position& start = transaction.start;
  if (start < noted_) return;
  xa_commits_.push_back({start, start, transaction.xid});
  if (xa_commits_.size() > kXaCommitsMax) xa_commits_ = {{xa_commits_.front().start, start, ""}};
}

model::Position CommitPlaces::Visible(const model::Position& shown) {
  std::lock_guard lock(mutex_);
  if (std::ranges::binary_search(ends_, shown)) visible_ = std::max(visible_, shown);
  return xa_commits_.empty() ? visible_ : std::min(visible_, xa_commits_.front().start);
}

std::vector<CommitPlaces::XaCommit> CommitPlaces::XaCommits() const {
  std::lock_guard lock(mutex_);
  std::vector<XaCommit> told = xa_commits_;
  std::erase_if(told, [](const XaCommit& commit) { return commit.xid.empty(); });
  return told;
}

void CommitPlaces::NoteCommitted(const std::vector<model::Position>& starts) {
  std::lock_guard lock(mutex_);
  std::erase_if(xa_commits_, [&](const XaCommit& commit) {
    return !commit.xid.empty() && std::ranges::find(starts, commit.start) != starts.end();
  });
}

void CommitPlaces::NoteVisible(const model::Position& end) {
  std::lock_guard lock(mutex_);
  noted_ = std::max(noted_, end);
  visible_ = std::max(visible_, end);
  std::erase_if(xa_commits_, [&](const XaCommit& commit) { return commit.last < noted_; });
}

}  // namespace tidemark::capture::mysql
