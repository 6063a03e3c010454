#ifndef TIDEMARK_SNAPSHOT_JOB_H_
#define TIDEMARK_SNAPSHOT_JOB_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/source.h"
#include "snapshot/job_control.h"

namespace tidemark::snapshot {

// A part of a table that is not in the journal yet: a key range or a list of keys.
struct Piece {
  enum class State { kIdle, kReading, kClosing };
  State state = State::kIdle;
  capture::KeyRange range;
  std::vector<capture::KeyText> keys;
  // Not before this time, after a failed try; microseconds.
  uint64_t not_before_us = 0;
  // Bound for the next read after too many touches; 0: the table's own.
  uint64_t rows_max = 0;
  // Once read.
  uint64_t rows_read = 0;
  uint64_t rows_scanned = 0;
  // Its record is in the store, as it is here.
  bool stored = false;
};

// One table's share of a job.
struct TableWork {
  model::TableId id = 0;
  std::string name_space;
  std::string name;
  std::string predicate;
  uint64_t rows_done = 0;
  uint64_t rows_estimated = 0;
  uint64_t chunks_done = 0;
  // `pieces` is what is left to read; before, nothing has been cut yet.
  bool planned = false;
  bool planning = false;
  bool done = false;
  // Version under which the newest finished chunk was read, and its marks; 0: none finished.
  model::SchemaId schema = 0;
  capture::RewriteMarks marks;
  // Before planning: the keys asked for; empty: the whole table.
  std::vector<capture::KeyText> keys;
  std::map<uint64_t, Piece> pieces;
  // Plans since the last finished chunk whose bounds could not be read back.
  uint32_t plans_failed = 0;
  // Grows when the table starts anew: outcomes of older reads are void.
  uint64_t epoch = 0;
  // Adapts to the time that reads take.
  uint64_t chunk_rows = 10000;
  // What was asked is in the store; progress and pieces are as they are here.
  bool asked_stored = false;
  bool progress_stored = false;
  // Pieces whose records are to be erased.
  std::vector<uint64_t> pieces_gone;
};

struct ChunkTuning {
  // Time that one SELECT should take.
  uint64_t chunk_us_target = 200000;
  uint64_t chunk_rows_min = 500;
  uint64_t chunk_rows_max = 200000;
  size_t chunk_bytes_max = 8 << 20;
  // Ranges that a large table is cut into.
  size_t ranges_max = 16;
  uint64_t rows_per_range_min = 20000;
  size_t keys_per_chunk = 100;
  uint64_t retry_us = 200000;
};

// What a reader is to do next.
struct Task {
  enum class Kind { kPlan, kRead, kReread };
  Kind kind = Kind::kRead;
  uint64_t job = 0;
  size_t table = 0;  // index in the job
  uint64_t epoch = 0;
  uint64_t piece = 0;
  // kRead, kReread.
  capture::ChunkRequest request;
  // kPlan.
  size_t ranges = 0;
  // kReread: for each of request.keys the events that showed the need, which one read settles.
  std::vector<std::vector<model::Sequence>> rereads;
};

// A snapshot job: what has been read, what is left, and what to read next. Pure logic: no I/O, no
// clock, no threads.
//
// Every key of a table is, at any time, in exactly one of: a finished chunk (in the journal), a
// piece. A read that stops at a bound splits its piece at the last key, so that the next read can
// start before this one's window closes. Ranges are only ever handed back to the server; keys are
// never compared here.
class Job {
 public:
  uint64_t id = 0;
  JobState state = JobState::kRunning;
  Limits limits;
  std::vector<TableWork> tables;
  int64_t create_time_us = 0;
  int64_t end_time_us = 0;
  std::string error;
  // Chunks that were read and are read again; not those whose read failed or had to wait.
  uint64_t chunks_redone = 0;
  model::Sequence first_sequence = 0;
  model::Sequence last_sequence = 0;
  // Not durable: for status only.
  std::string waiting_for;
  // Why a task was put off last; "" once one was read.
  std::string put_off_by;

  bool active() const { return state == JobState::kRunning || state == JobState::kPaused; }

  // nullopt: nothing to do now.
  std::optional<Task> NextTask(uint64_t now_us, const ChunkTuning& tuning);

  // A plan task's result: the ranges together cover every key once.
  void Planned(const Task& task, std::vector<capture::KeyRange> ranges, size_t keys_per_chunk);
  // A read ended; its window is still open.
  struct ReadResult {
    uint64_t rows = 0;  // as the SELECT returned them
    uint64_t rows_scanned = 0;
    size_t bytes = 0;
    bool exhausted = true;
    // Not exhausted: where the next read goes on, in a range or in a list of keys.
    capture::KeyText last_key;
    size_t keys_read = 0;
    uint64_t elapsed_us = 0;
  };
  void ReadDone(const Task& task, const ReadResult& read, uint64_t now_us,
                const ChunkTuning& tuning);
  // False: what the task read is not wanted any more (the job ended, or the table started anew).
  bool Wanted(const Task& task) const;
  // The task's rows are in the journal. Returns the key range that is done.
  capture::KeyRange Finish(const Task& task, uint64_t now_us);
  // The task must be done again, in smaller chunks if `smaller`.
  void Redo(const Task& task, bool smaller, uint64_t now_us, const ChunkTuning& tuning);
  // The table changed so that its finished chunks are void: all are read again.
  void RestartTable(size_t table);
  // Likewise for those of `ids` of which a chunk is finished, and not all is. False: there is none.
  bool RestartTables(const std::vector<model::TableId>& ids);
  // All pieces read and closed: true once.
  bool FinishTable(size_t table);
  bool AllTablesDone() const;
  // The job has ended: nothing is left to read.
  void DropWork();
  // Pieces up to `newest` have been stored: new ones get other ids.
  void SkipPieces(uint64_t newest) { next_piece_ = std::max(next_piece_, newest + 1); }
  // The limits changed: do not sit out what the old ones imposed.
  void ForgetPace() { next_read_us_ = 0; }

  JobStatus Status(uint64_t now_us) const;

 private:
  struct FinishedChunk {
    uint64_t time_us;
    size_t table;
    uint64_t rows;
  };

  Piece* FindPiece(const Task& task);
  // Cuts off what a read did not come to.
  static Piece SplitOff(const ReadResult& read, Piece* piece);
  static void AdaptChunkRows(const Task& task, const ReadResult& read, const ChunkTuning& tuning,
                             TableWork* table);
  std::optional<Task> NextOf(size_t index, uint64_t now_us, const ChunkTuning& tuning);
  Task PlanTask(size_t index, const ChunkTuning& tuning);
  Task ReadTask(size_t index, uint64_t piece, const ChunkTuning& tuning);
  uint64_t AddPiece(TableWork& table, Piece piece);
  static void DropPieces(TableWork& table);
  size_t reading() const;
  uint64_t next_piece_ = 1;
  uint64_t next_read_us_ = 0;  // by the limit of rows per second
  std::deque<FinishedChunk> recent_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_JOB_H_
