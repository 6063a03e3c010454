#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_CONSUMER_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_CONSUMER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tidemark::testing {

struct KafkaRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  // nullopt is null: a record without a key, a tombstone.
  std::optional<std::string> key;
  std::optional<std::string> value;
  // In their order; names may repeat.
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  // -1: the record has none.
  int64_t timestamp_ms = -1;
};

// Reads what is committed (isolation level read_committed) in all partitions of all topics whose
// whole name matches an extended regular expression, from their start. The broker's own topics
// (`__consumer_offsets` and the like) are left out. No consumer group: it disturbs nobody, and
// nobody disturbs it. One thread at a time.
class KafkaConsumer {
 public:
  // Errors: InvalidArgument (the pattern, or the address).
  static absl::StatusOr<std::unique_ptr<KafkaConsumer>> Open(const std::string& bootstrap,
                                                             const std::string& pattern);
  // A broker says that a transaction is committed before consumers are shown it: waits until none
  // is open in these topics. DeadlineExceeded: one stays so.
  static absl::Status WaitForOpenTransactions(const std::string& bootstrap,
                                              const std::string& pattern,
                                              absl::Duration timeout = absl::Seconds(20));
  ~KafkaConsumer();
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  // The records before the ends that the partitions have now (an open transaction puts them before
  // its own first record), without those of earlier calls; in order within each partition. Waits
  // for brokers that are away. Errors: DeadlineExceeded (no progress for `timeout`; the message
  // says at what), DataLoss (records between two calls were deleted), Internal.
  absl::StatusOr<std::vector<KafkaRecord>> ReadToEnds(absl::Duration timeout = absl::Seconds(60));

 private:
  class Reader;

  explicit KafkaConsumer(std::unique_ptr<Reader> reader);
  static absl::StatusOr<std::unique_ptr<Reader>> OpenReader(const std::string& bootstrap,
                                                            const std::string& pattern,
                                                            const char* isolation_level);

  std::unique_ptr<Reader> reader_;
};

// Of librdkafka: 0x020002ff is 2.0.2.
int KafkaClientVersion();

// Of a consumer that is opened for this: all that is committed, once no transaction is open.
absl::StatusOr<std::vector<KafkaRecord>> ReadCommitted(const std::string& bootstrap,
                                                       const std::string& pattern);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_KAFKA_CONSUMER_H_
