#ifndef TIDEMARK_SERVICE_KAFKA_EVENT_WRITER_H_
#define TIDEMARK_SERVICE_KAFKA_EVENT_WRITER_H_

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/event.h"
#include "service/kafka/producer.h"
#include "service/kafka/publish_options.h"
#include "service/kafka/table_encoder.h"
#include "service/kafka/table_transform.h"
#include "service/kafka/topic_router.h"
#include "service/kafka/topics.h"
#include "storage/journal.h"

namespace tidemark::service::kafka {

// Writes the events of one source into the open transaction of its producer: changes into the
// topics of their tables, and by choice what is no change into topics of their own.
//
// Headers of every record: source, op (create, update, delete, truncate, read; of other events
// their kind), sequence; of changes also table ("schema.table"), position and index (place of the
// change within its source transaction; none of READ), and piece (from 2 on) where the source
// transaction did not fit into one Kafka transaction.
//
// A change is partitioned by its key, as the Java client does. Those of a table without a key go to
// partition 0, so that they stay in order; a TRUNCATE goes to every partition of its topic, since
// it concerns all rows of it. One thread.
class EventWriter {
 public:
  // All must outlive it.
  struct Parts {
    std::string source;
    const PublishOptions* options = nullptr;
    storage::Journal* journal = nullptr;
    const TransformChoice* transforms = nullptr;
    TopicRouter* router = nullptr;
    EncoderFactory* encoders = nullptr;
    Producer* producer = nullptr;
    Topics* topics = nullptr;
  };
  explicit EventWriter(const Parts& parts) : parts_(parts) {}

  // What Producer::Produce may return, and of the table's preparation: Unavailable, or
  // FailedPrecondition and InvalidArgument wrapped as PermissionDenied (an operator must act).
  absl::Status Write(const model::EventView& event, uint64_t piece, std::stop_token stop);

  // What a batch may have, where a topic takes less than the producer's batches; then Write has
  // returned Aborted, and another producer is needed.
  std::optional<uint64_t> batch_bytes_wanted() const { return batch_bytes_wanted_; }

  // Bytes of all records so far.
  uint64_t bytes() const { return bytes_; }

 private:
  struct Table {
    std::string name;  // schema.table
    std::string topic;
    std::vector<std::string> key_columns;  // as they are written
    uint64_t record_bytes_max = 0;
    std::optional<TableTransform> transform;
    std::unique_ptr<TableEncoder> encoder;
  };

  absl::StatusOr<Topic> Ensure(const std::string& topic, const TopicOptions& options,
                               std::stop_token stop);
  absl::StatusOr<Table*> TableOf(model::SchemaId id, std::stop_token stop);
  absl::Status Prepare(const v1::TableSchema& schema, Table* table, std::stop_token stop);
  // The event as it is written: without what a transform hides.
  absl::StatusOr<v1::Event> Reduced(const model::EventView& event) const;
  absl::Status WriteChange(model::EventView event, uint64_t piece, std::stop_token stop);
  absl::Status WriteChangeTo(const Table& table, const model::EventView& event, Record record,
                             std::stop_token stop);
  // Where one is wanted and fits.
  absl::Status WriteTombstone(const Table& table, const model::EventView& event, Record record,
                              std::stop_token stop);
  absl::Status WriteTruncate(const Table& table, Record record, std::stop_token stop);
  // Of a record that does not fit.
  absl::Status WriteOversize(const Table& table, const model::EventView& event, Record record,
                             std::stop_token stop);
  absl::Status WriteOther(const std::string& topic, std::string_view kind,
                          const model::EventView& event, std::stop_token stop);
  absl::Status Produce(const std::string& topic, const Record& record, std::stop_token stop);
  TopicOptions NewTopic() const;

  const Parts parts_;
  std::unordered_map<model::SchemaId, Table> tables_;
  std::optional<uint64_t> batch_bytes_wanted_;
  uint64_t bytes_ = 0;
  // Kept for their memory.
  std::string change_;
  std::string key_;
  std::string value_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_EVENT_WRITER_H_
