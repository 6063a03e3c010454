#include "tests/support/console_consumer.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/process.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(120);

std::vector<std::string> Program(const ConsoleConsumerOptions& options) {
  if (!options.registry_serdes) return {absl::StrCat(CacheFolder(), "/kafka-4/bin/kafka-run")};
  return {"/usr/bin/env", absl::StrCat("CLASSPATH=", options.class_folder),
          absl::StrCat(CacheFolder(), "/registry-serdes/bin/serdes-run")};
}

}  // namespace

absl::StatusOr<std::string> RunConsoleConsumer(const ConsoleConsumerOptions& options) {
  std::vector<std::string> command = Program(options);
  const auto add = [&](const std::vector<std::string>& words) {
    command.insert(command.end(), words.begin(), words.end());
  };
  add({"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
       "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
       "org.apache.kafka.tools.consumer.ConsoleConsumer"});
  add({"--bootstrap-server", options.brokers, "--topic", options.topic, "--from-beginning",
       "--max-messages", absl::StrCat(options.records), "--timeout-ms", "60000",
       "--isolation-level", "read_committed"});
  add({"--formatter-property", "print.key=true", "--formatter-property", "key.separator=|"});
  for (const std::string& property : options.properties) add({"--formatter-property", property});
  add(options.arguments);
  return RunProgram(command, kTimeout);
}

}  // namespace tidemark::testing
