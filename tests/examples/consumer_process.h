#ifndef TIDEMARK_TESTS_EXAMPLES_CONSUMER_PROCESS_H_
#define TIDEMARK_TESTS_EXAMPLES_CONSUMER_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/oracle/fold.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::testing {

// How to run a program of examples/: its arguments without --state, and its environment.
struct ConsumerProgram {
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment = {};
};

// The consumers of examples/, as the build has made them. `script`: of examples/python.
ConsumerProgram PythonConsumer(const std::string& script = "consume.py");
ConsumerProgram GoConsumer();
ConsumerProgram CppConsumer();

// One of these programs with a state of its own, which outlives the process. One thread at a time.
class ConsumerProcess {
 public:
  // `arguments`: those of every start, such as --server.
  ConsumerProcess(ConsumerProgram program, std::vector<std::string> arguments)
      : program_(std::move(program)), arguments_(std::move(arguments)) {}

  // On what it stored before.
  absl::Status Start();
  void Kill9() { process_->Kill9(); }
  Process& process() { return *process_; }
  std::string Output() const { return process_->Output(); }

  // What it has stored, as it tells with --dump. REQUIRES: it was started once, and does not run,
  // or its state may be read meanwhile (SQLite).
  absl::StatusOr<std::vector<std::string>> DumpLines();
  absl::StatusOr<std::vector<v1::Event>> Dump();
  // How far that is.
  static uint64_t SequenceOf(const std::vector<v1::Event>& dump);
  // Begins with nothing stored. REQUIRES: it does not run.
  void Forget();

 private:
  std::string StateFile() const;

  const ConsumerProgram program_;
  const std::vector<std::string> arguments_;
  TempFolder folder_;
  int states_ = 0;
  int dumps_ = 0;
  std::unique_ptr<Process> process_;
};

// What it says that it holds, folded as if it had come from the service. REQUIRES: as Dump.
absl::StatusOr<oracle::Fold> HeldRows(ConsumerProcess& consumer);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_EXAMPLES_CONSUMER_PROCESS_H_
