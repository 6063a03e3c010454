#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_FOLLOWER_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_FOLLOWER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tidemark::testing {

// Gives the records of one topic as soon as their transaction is committed (isolation level
// read_committed), from the end that the topic had at Open; in order within each partition. For
// measuring; KafkaConsumer is for judging. One thread at a time.
class KafkaFollower {
 public:
  // The topic must be there. Errors: those of the connection.
  static absl::StatusOr<std::unique_ptr<KafkaFollower>> Open(const std::string& bootstrap,
                                                             const std::string& topic);
  ~KafkaFollower();
  KafkaFollower(const KafkaFollower&) = delete;
  KafkaFollower& operator=(const KafkaFollower&) = delete;

  // The key of the next record, nullopt for none. DeadlineExceeded: none came in time.
  absl::StatusOr<std::optional<std::string>> NextKey(absl::Duration timeout);

 private:
  struct Client;
  explicit KafkaFollower(std::unique_ptr<Client> client);

  std::unique_ptr<Client> client_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_KAFKA_FOLLOWER_H_
