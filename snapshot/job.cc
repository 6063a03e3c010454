#include "snapshot/job.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::snapshot {
namespace {

constexpr uint64_t kRateSpanUs = 10'000'000;
constexpr uint64_t kRateSpanUsMin = 500'000;

// What was read lately.
struct RecentRows {
  uint64_t rows = 0;
  uint64_t since_us = UINT64_MAX;

  void Add(uint64_t time_us, uint64_t more) {
    rows += more;
    since_us = std::min(since_us, time_us);
  }
  double PerSecond(uint64_t now_us) const {
    if (rows == 0) return 0;
    return static_cast<double>(rows) * 1e6 / std::max(now_us - since_us, kRateSpanUsMin);
  }
};

uint64_t EtaSeconds(uint64_t rows_left, double rows_per_second) {
  if (rows_per_second == 0) return 0;
  return static_cast<uint64_t>(rows_left / std::max(rows_per_second, 1.0) + 0.5);
}

}  // namespace

size_t Job::reading() const {
  size_t count = 0;
  for (const TableWork& table : tables) {
    if (table.planning) ++count;
    for (const auto& [key, piece] : table.pieces) count += piece.state == Piece::State::kReading;
  }
  return count;
}

std::optional<Task> Job::NextTask(uint64_t now_us, const ChunkTuning& tuning) {
  if (state != JobState::kRunning || now_us < next_read_us_) return std::nullopt;
  if (limits.readers_max > 0 && reading() >= limits.readers_max) return std::nullopt;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (std::optional<Task> task = NextOf(i, now_us, tuning)) return task;
  }
  return std::nullopt;
}

std::optional<Task> Job::NextOf(size_t index, uint64_t now_us, const ChunkTuning& tuning) {
  TableWork& table = tables[index];
  if (table.done || table.planning) return std::nullopt;
  if (!table.planned) return PlanTask(index, tuning);
  for (auto& [piece_id, piece] : table.pieces) {
    if (piece.state == Piece::State::kIdle && piece.not_before_us <= now_us) {
      piece.state = Piece::State::kReading;
      return ReadTask(index, piece_id, tuning);
    }
  }
  return std::nullopt;
}

Task Job::PlanTask(size_t index, const ChunkTuning& tuning) {
  TableWork& table = tables[index];
  table.planning = true;
  Task task;
  task.kind = Task::Kind::kPlan;
  task.job = id;
  task.table = index;
  task.epoch = table.epoch;
  task.request.table = table.id;
  task.ranges =
      std::clamp<size_t>(table.rows_estimated / tuning.rows_per_range_min, 1, tuning.ranges_max);
  // A list of keys needs no cutting by the server.
  if (!table.keys.empty()) task.ranges = 0;
  return task;
}

Task Job::ReadTask(size_t index, uint64_t piece_id, const ChunkTuning& tuning) {
  const TableWork& table = tables[index];
  const Piece& piece = table.pieces.at(piece_id);
  Task task;
  task.job = id;
  task.table = index;
  task.epoch = table.epoch;
  task.piece = piece_id;
  task.request.table = table.id;
  task.request.predicate = table.predicate;
  task.request.snapshot_id = id;
  task.request.range = piece.range;
  task.request.keys = piece.keys;
  task.request.bytes_max = tuning.chunk_bytes_max;
  task.request.rows_max = piece.rows_max > 0 ? piece.rows_max : table.chunk_rows;
  if (limits.rows_per_second_max > 0) {
    uint64_t share = std::max<uint64_t>(limits.rows_per_second_max / 4, 1);
    task.request.rows_max = std::min(task.request.rows_max, share);
  }
  if (!piece.keys.empty()) task.request.rows_max = 0;
  return task;
}

uint64_t Job::AddPiece(TableWork& table, Piece piece) {
  uint64_t piece_id = next_piece_++;
  table.progress_stored = false;
  table.pieces.emplace(piece_id, std::move(piece));
  return piece_id;
}

void Job::Planned(const Task& task, std::vector<capture::KeyRange> ranges, size_t keys_per_chunk) {
  TableWork& table = tables[task.table];
  if (!Wanted(task)) return;
  table.planning = false;
  table.planned = true;
  table.progress_stored = false;
  for (capture::KeyRange& range : ranges) {
    Piece piece;
    piece.range = std::move(range);
    AddPiece(table, std::move(piece));
  }
  Piece keys;
  for (const capture::KeyText& key : table.keys) {
    keys.keys.push_back(key);
    if (keys.keys.size() == keys_per_chunk) AddPiece(table, std::exchange(keys, {}));
  }
  if (!keys.keys.empty()) AddPiece(table, std::move(keys));
}

Piece* Job::FindPiece(const Task& task) {
  TableWork& table = tables[task.table];
  if (task.epoch != table.epoch) return nullptr;
  auto found = table.pieces.find(task.piece);
  return found == table.pieces.end() ? nullptr : &found->second;
}

bool Job::Wanted(const Task& task) const {
  return active() && !tables[task.table].done && task.epoch == tables[task.table].epoch;
}

void Job::ReadDone(const Task& task, const ReadResult& read, uint64_t now_us,
                   const ChunkTuning& tuning) {
  Piece* piece = FindPiece(task);
  if (piece == nullptr) return;
  TableWork& table = tables[task.table];
  piece->state = Piece::State::kClosing;
  piece->rows_read = read.rows;
  piece->rows_scanned = read.rows_scanned;
  if (limits.rows_per_second_max > 0) {
    next_read_us_ = std::max(next_read_us_, now_us) +
                    read.rows_scanned * 1'000'000 / limits.rows_per_second_max;
  }
  if (read.exhausted) return;
  bool of_range = piece->keys.empty();
  AddPiece(table, SplitOff(read, piece));
  if (of_range) AdaptChunkRows(task, read, tuning, &table);
}

Piece Job::SplitOff(const ReadResult& read, Piece* piece) {
  piece->stored = false;
  Piece rest;
  if (!piece->keys.empty()) {
    auto first = piece->keys.begin() + static_cast<ptrdiff_t>(read.keys_read);
    rest.keys.assign(std::make_move_iterator(first), std::make_move_iterator(piece->keys.end()));
    piece->keys.erase(first, piece->keys.end());
    return rest;
  }
  rest.range.lower = read.last_key;
  rest.range.upper = std::exchange(piece->range.upper, read.last_key);
  return rest;
}

// Towards the time that a read should take, but so that the bound of bytes is not hit: a read that
// hits it has to be cancelled at the server.
void Job::AdaptChunkRows(const Task& task, const ReadResult& read, const ChunkTuning& tuning,
                         TableWork* table) {
  bool cut_short = read.rows_scanned < task.request.rows_max;
  if (!cut_short && task.request.rows_max < table->chunk_rows) return;  // another limit held it
  double by_time =
      static_cast<double>(tuning.chunk_us_target) / std::max<uint64_t>(read.elapsed_us, 1);
  double by_bytes = 0.9 * tuning.chunk_bytes_max / std::max<size_t>(read.bytes, 1);
  double factor = std::clamp(std::min(by_time, by_bytes), 0.5, 2.0);
  table->chunk_rows = std::clamp(static_cast<uint64_t>(read.rows_scanned * factor),
                                 tuning.chunk_rows_min, tuning.chunk_rows_max);
}

capture::KeyRange Job::Finish(const Task& task, uint64_t now_us) {
  TableWork& table = tables[task.table];
  auto found = table.pieces.find(task.piece);
  table.rows_done += found->second.rows_read;
  ++table.chunks_done;
  table.plans_failed = 0;
  recent_.push_back({now_us, task.table, found->second.rows_read});
  while (now_us - recent_.front().time_us > kRateSpanUs) recent_.pop_front();
  capture::KeyRange range = std::move(found->second.range);
  table.pieces.erase(found);
  table.pieces_gone.push_back(task.piece);
  table.progress_stored = false;
  return range;
}

void Job::Redo(const Task& task, bool smaller, uint64_t now_us, const ChunkTuning& tuning) {
  TableWork& table = tables[task.table];
  if (task.kind == Task::Kind::kPlan) {
    if (task.epoch == table.epoch) table.planning = false;
    next_read_us_ = std::max(next_read_us_, now_us + tuning.retry_us);
    return;
  }
  Piece* piece = FindPiece(task);
  if (piece == nullptr) return;
  piece->state = Piece::State::kIdle;
  if (smaller) {
    uint64_t rows = piece->rows_scanned > 0 ? piece->rows_scanned : table.chunk_rows;
    piece->rows_max = std::max(rows / 2, tuning.chunk_rows_min);
    piece->not_before_us = now_us + tuning.retry_us;
  } else {
    piece->not_before_us = now_us + tuning.retry_us;
  }
}

void Job::DropPieces(TableWork& table) {
  for (const auto& [id, piece] : table.pieces) table.pieces_gone.push_back(id);
  table.pieces.clear();
  table.progress_stored = false;
}

void Job::DropWork() {
  for (TableWork& table : tables) {
    DropPieces(table);
    table.asked_stored = table.asked_stored && table.keys.empty();
    table.keys.clear();
  }
}

void Job::RestartTable(size_t index) {
  TableWork& table = tables[index];
  chunks_redone += table.chunks_done;
  ++table.epoch;
  DropPieces(table);
  table.planned = false;
  table.planning = false;
  table.rows_done = 0;
  table.chunks_done = 0;
  table.schema = 0;
  table.marks = {};
}

bool Job::RestartTables(const std::vector<model::TableId>& ids) {
  bool restarted = false;
  for (size_t i = 0; i < tables.size(); ++i) {
    const TableWork& table = tables[i];
    if (table.done || table.schema == 0 || std::ranges::count(ids, table.id) == 0) continue;
    RestartTable(i);
    restarted = true;
  }
  return restarted;
}

bool Job::FinishTable(size_t index) {
  TableWork& table = tables[index];
  if (!table.planned || table.done || !table.pieces.empty()) return false;
  table.done = true;
  table.progress_stored = false;
  return true;
}

bool Job::AllTablesDone() const {
  return std::all_of(tables.begin(), tables.end(), [](const TableWork& t) { return t.done; });
}

JobStatus Job::Status(uint64_t now_us) const {
  JobStatus status;
  status.id = id;
  status.state = state;
  status.limits = limits;
  status.create_time_us = create_time_us;
  status.end_time_us = end_time_us;
  status.error = error;
  status.chunks_redone = chunks_redone;
  status.first_sequence = first_sequence;
  status.last_sequence = last_sequence;
  if (state == JobState::kRunning) status.waiting_for = waiting_for;
  std::vector<RecentRows> recent_of(tables.size());
  RecentRows recent;
  for (const FinishedChunk& chunk : recent_) {
    if (state != JobState::kRunning || now_us - chunk.time_us > kRateSpanUs) continue;
    recent_of[chunk.table].Add(chunk.time_us, chunk.rows);
    recent.Add(chunk.time_us, chunk.rows);
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    const TableWork& table = tables[i];
    TableProgress progress;
    progress.table = absl::StrCat(table.name_space, ".", table.name);
    progress.rows_done = table.rows_done;
    progress.rows_estimated =
        table.done ? table.rows_done : std::max(table.rows_estimated, table.rows_done);
    progress.chunks_done = table.chunks_done;
    progress.done = table.done;
    status.rows_done += progress.rows_done;
    status.rows_estimated += progress.rows_estimated;
    progress.rows_per_second = recent_of[i].PerSecond(now_us);
    progress.eta_s =
        EtaSeconds(progress.rows_estimated - progress.rows_done, progress.rows_per_second);
    status.tables.push_back(std::move(progress));
  }
  if (recent.rows > 0) {
    status.rows_per_second = recent.PerSecond(now_us);
    status.eta_s = EtaSeconds(status.rows_estimated - status.rows_done, status.rows_per_second);
  } else if (end_time_us > create_time_us) {
    status.rows_per_second =
        static_cast<double>(status.rows_done) * 1e6 / (end_time_us - create_time_us);
  }
  return status;
}

}  // namespace tidemark::snapshot
