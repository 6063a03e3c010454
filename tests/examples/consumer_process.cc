#include "tests/examples/consumer_process.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/cache_folder.h"

namespace tidemark::testing {
namespace {

std::filesystem::path ProgramFolder() {
  return std::filesystem::canonical("/proc/self/exe").parent_path();
}

// Of the build: examples/, beside bin/.
std::string ExamplesFolder() { return ProgramFolder().parent_path() / "examples"; }

absl::StatusOr<v1::Event> ParseEvent(const std::string& json) {
  v1::Event event;
  const auto parsed = google::protobuf::util::JsonStringToMessage(json, &event);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(json, ": no event"));
  return event;
}

}  // namespace

ConsumerProgram PythonConsumer(const std::string& script) {
  return {.command = {CacheFolder() + "/registry/python/bin/python3",
                      TIDEMARK_SOURCE_FOLDER "/examples/python/" + script},
          .environment = {{"PYTHONPATH", ExamplesFolder() + "/python"},
                          {"PYTHONDONTWRITEBYTECODE", "1"}}};
}

ConsumerProgram GoConsumer() { return {.command = {ExamplesFolder() + "/go/consume"}}; }

ConsumerProgram CppConsumer() { return {.command = {ProgramFolder() / "consume-example"}}; }

std::string ConsumerProcess::StateFile() const {
  return folder_.File(absl::StrCat("state", states_));
}

void ConsumerProcess::Forget() { ++states_; }

absl::Status ConsumerProcess::Start() {
  std::vector<std::string> command = program_.command;
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  command.insert(command.end(), {"--state", StateFile()});
  auto started = Process::Start({.command = std::move(command),
                                 .output_file = folder_.File("output"),
                                 .environment = program_.environment});
  if (!started.ok()) return started.status();
  process_ = *std::move(started);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ConsumerProcess::DumpLines() {
  std::vector<std::string> command = program_.command;
  command.insert(command.end(), {"--state", StateFile(), "--dump"});
  auto process = Process::Start({.command = std::move(command),
                                 .output_file = folder_.File(absl::StrCat("dump", ++dumps_)),
                                 .environment = program_.environment});
  if (!process.ok()) return process.status();
  const auto code = (*process)->Wait(absl::Seconds(60));
  if (!code.ok() || *code != 0) return absl::AbortedError((*process)->Output());
  return std::vector<std::string>(absl::StrSplit((*process)->Output(), '\n', absl::SkipEmpty()));
}

absl::StatusOr<std::vector<v1::Event>> ConsumerProcess::Dump() {
  const auto lines = DumpLines();
  if (!lines.ok()) return lines.status();
  std::vector<v1::Event> events;
  for (const std::string& line : *lines) {
    auto event = ParseEvent(line);
    if (!event.ok()) return event.status();
    events.push_back(*std::move(event));
  }
  return events;
}

uint64_t ConsumerProcess::SequenceOf(const std::vector<v1::Event>& dump) {
  uint64_t sequence = 0;
  for (const v1::Event& event : dump) {
    if (event.has_heartbeat()) sequence = std::max(sequence, event.sequence());
  }
  return sequence;
}

absl::StatusOr<oracle::Fold> HeldRows(ConsumerProcess& consumer) {
  auto dump = consumer.Dump();
  if (!dump.ok()) return dump.status();
  oracle::Fold held({.filtered = true});
  uint64_t sequence = 0;
  for (v1::Event& event : *dump) {
    event.set_sequence(++sequence);
    held.Apply(event);
  }
  return held;
}

}  // namespace tidemark::testing
