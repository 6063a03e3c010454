#ifndef TIDEMARK_TESTS_ORACLE_KAFKA_FOLD_H_
#define TIDEMARK_TESTS_ORACLE_KAFKA_FOLD_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/oracle/fold.h"
#include "tests/oracle/snapshot_order.h"
#include "tests/support/kafka_consumer.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// A consumer of a source's topics in the format protobuf, which puts the stream together again and
// folds it (Fold). It needs every event: the topics of all tables, of schemas, of transactions and
// of messages. What it checks, besides what Fold does of the stream (so that each change is there
// once by its position and index, and transactions whole and in order):
//  - each event is in one record, a TRUNCATE in one of every partition of its topic; a record's
//    headers and key are its event's;
//  - sequences have no gap, but that behind a restore they go on 2^32 further (behind several from
//    which nothing was published, a multiple of it);
//  - in each partition sequences grow, and the places of changes of the log (position, index);
//  - a key stays in one partition: so its changes are in order;
//  - snapshots come once (SnapshotOrder): no chunk that was committed is done again.
// Not thread-safe.
class KafkaFold {
 public:
  struct Options {
    std::string source;
    testing::Engine engine = testing::Engine::kPostgres;
    // Of the topics of tables.
    int partitions = 1;
    std::string transaction_topic;
    std::string schema_topic;
    std::string message_topic;
  };

  explicit KafkaFold(Options options);

  // What was read next of all topics, in order within each partition. The partitions need not have
  // been read up to the same event: what comes behind one that is not there yet is kept.
  void Apply(const std::vector<testing::KafkaRecord>& records);

  // What is not there yet: "event 17 is missing, 3 behind it are there"; empty: nothing.
  std::string Missing() const;
  // What was wrong, in words: of the topics, and of the stream.
  std::vector<std::string> violations() const;
  const Fold& fold() const { return fold_; }
  // Restores that the sequences tell of.
  uint64_t restore_count() const { return restore_count_; }

 private:
  using Partition = std::pair<std::string, int32_t>;
  // Where a change is in the log.
  using Place = std::pair<LogPosition, uint64_t>;
  struct Newest {
    uint64_t sequence = 0;
    Place place;
  };
  struct Waiting {
    v1::Event event;
    // The value of header `table`.
    std::string table;
    std::set<Partition> partitions;
  };

  void Take(const testing::KafkaRecord& record);
  void CheckHeaders(const testing::KafkaRecord& record, const v1::Event& event);
  void CheckTopic(const testing::KafkaRecord& record, const v1::Event& event);
  void CheckKey(const testing::KafkaRecord& record, const v1::Event& event);
  void CheckOrder(const testing::KafkaRecord& record, const v1::Event& event);
  void Keep(const testing::KafkaRecord& record, v1::Event event);
  bool IsWhole(const Waiting& waiting) const;
  void Advance();
  void ApplyNext(Waiting waiting);
  void Violate(const testing::KafkaRecord& record, const std::string& what);
  void Violate(const std::string& what);

  const Options options_;
  Fold fold_;
  SnapshotOrder snapshots_;
  uint64_t next_sequence_ = 1;
  uint64_t restore_count_ = 0;
  // By their sequences: those that are not applied yet.
  std::map<uint64_t, Waiting> waiting_;
  std::map<Partition, Newest> newest_;
  // By topic and key.
  std::unordered_map<std::string, int32_t> partition_of_key_;
  // Namespace and name, and the table, by the schema's id.
  std::map<uint32_t, std::pair<std::string, uint64_t>> tables_;
  std::vector<std::string> violations_;
};

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_KAFKA_FOLD_H_
