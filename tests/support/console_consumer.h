#ifndef TIDEMARK_TESTS_SUPPORT_CONSOLE_CONSUMER_H_
#define TIDEMARK_TESTS_SUPPORT_CONSOLE_CONSUMER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tidemark::testing {

struct ConsoleConsumerOptions {
  std::string brokers;
  std::string topic;
  int records = 1;  // ends after so many, counted from the topic's beginning
  // Of its formatter: "print.headers=true".
  std::vector<std::string> properties = {};
  // Further arguments: "--value-deserializer", ...
  std::vector<std::string> arguments = {};
  // With the deserializers of dev/registry-serdes, and classes in this folder if there is one.
  bool registry_serdes = false;
  std::string class_folder = "";
};

// What Kafka's own console consumer, which is of Java, prints of committed records: key, "|" and
// value. Errors: as RunProgram.
absl::StatusOr<std::string> RunConsoleConsumer(const ConsoleConsumerOptions& options);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_CONSOLE_CONSUMER_H_
