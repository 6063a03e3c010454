#ifndef TIDEMARK_TESTS_SNAPSHOT_MODEL_SERVER_H_
#define TIDEMARK_TESTS_SNAPSHOT_MODEL_SERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "capture/log_batch.h"
#include "capture/schema_registry.h"
#include "capture/source.h"

namespace tidemark::snapshot {

// A row of the model: `rest` is the column that an update may leave out of the log's image, whether
// it changed or not; `added` exists from the second version of the table on.
struct ModelRow {
  int64_t version = 0;
  int64_t value = 0;
  int64_t rest = 0;
  std::optional<int64_t> added;
  friend bool operator==(const ModelRow&, const ModelRow&) = default;
};

struct ModelEvent {
  model::Op op;
  int64_t key = 0;
  ModelRow row;  // of a delete: only its version
  bool partial = false;
  bool moved = false;
  int table_version = 1;
};

struct ModelTransaction {
  uint64_t number = 0;
  std::vector<ModelEvent> events;
  bool rewrites = false;  // it has no events
};

// What a reader of the model knows to be visible.
class ModelView : public model::ReadView {
 public:
  explicit ModelView(std::set<uint64_t> known) : known_(std::move(known)) {}
  bool Contains(const model::TransactionRef& transaction) const override {
    return known_.contains(transaction.number);
  }

 private:
  std::set<uint64_t> known_;
};

// A database server with one table, as the exact-window rule has to bear it: a commit is in the log
// before SELECTs see it; commits may become visible out of order; what a reader knows to be visible
// may be less than what is; images may be partial; keys change; the table is truncated and altered.
// Deterministic for one seed.
class ModelServer {
 public:
  explicit ModelServer(std::mt19937_64* random);

  static constexpr model::TableId kTable = 7;

  // One random transaction, or truncate, or ALTER.
  void Commit();
  // One commit of the log becomes visible / known to be.
  void Publish();
  void Learn();

  size_t log_size() const { return log_.size(); }
  bool quiet() const { return pending_.empty() && lag_.empty(); }
  const std::map<int64_t, ModelRow>& rows() const { return current_; }

  // The log from transaction `index`, event `skip` on: at most `events_max` events of it, or whole
  // transactions.
  capture::LogBatch ReadLog(size_t index, size_t skip, size_t transactions_max, size_t events_max,
                            capture::SchemaRegistry* registry,
                            std::set<model::SchemaId>* announced);

  bool Settled(const std::vector<model::TransactionRef>& merged) const;
  std::shared_ptr<const ModelView> KnownView() const {
    return std::make_shared<ModelView>(exact_ ? visible_ : known_);
  }
  // For a lower bound the view is taken before the rows, some steps earlier.
  bool exact() const { return exact_; }
  capture::Chunk ReadChunk(const capture::ChunkRequest& request,
                           std::shared_ptr<const ModelView> view,
                           capture::SchemaRegistry* registry) const;
  std::vector<capture::KeyRange> PlanRanges(size_t count) const;
  model::TableSchema Schema(int version) const;
  int64_t keys() const { return keys_; }
  // Of the table now.
  capture::RewriteMarks Marks() const;

 private:
  struct Pending {
    uint64_t number;
    std::map<int64_t, std::optional<ModelRow>> changes;
  };

  void Change(int64_t key, ModelTransaction* transaction, Pending* pending);
  void Move(int64_t from, ModelTransaction* transaction, Pending* pending);
  void Truncate();
  void Alter();
  void RewriteInPlace();
  ModelRow NewRow();
  double Chance() { return std::uniform_real_distribution<>(0, 1)(*random_); }
  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(*random_); }

  std::mt19937_64* random_;
  int64_t keys_;
  bool exact_;
  bool ordered_;
  bool logs_rewrites_;  // else marks tell of them
  int table_version_ = 1;
  uint64_t definitions_ = 1;
  uint64_t storage_ = 1;
  int64_t version_ = 0;
  std::map<int64_t, ModelRow> current_;  // with commits that are not visible yet
  std::map<int64_t, ModelRow> seen_;     // what SELECT returns
  std::set<int64_t> locked_;
  std::vector<ModelTransaction> log_;
  std::vector<Pending> pending_;
  std::vector<uint64_t> lag_;
  std::set<uint64_t> visible_;
  std::set<uint64_t> known_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_TESTS_SNAPSHOT_MODEL_SERVER_H_
