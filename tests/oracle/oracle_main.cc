// tidemark-oracle: folds the stream of a source, compares it with the server row by row, and says
// in one line whether they are the same. The stream comes from tidemarkd, or from what kcat has
// read of the topics (--records). Exit code 0: exact; 1: differences; 2: it could not find out.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/oracle/compare.h"
#include "tests/oracle/kafka_fold.h"
#include "tests/oracle/kcat_dump.h"
#include "tests/oracle/stream.h"
#include "tests/support/open_session.h"

namespace tidemark::oracle {
namespace {

constexpr int kRereadSeconds = 10;

struct Arguments {
  std::string server = "127.0.0.1:7654";
  std::string database;
  StreamOptions stream;
  CompareOptions compare;
  int timeout_seconds = 120;
  // Of kcat; empty: tidemarkd is asked.
  std::string records;
  int partitions = 1;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--server", arguments.server, "tidemarkd's address")->capture_default_str();
  app.add_option("--source", arguments.stream.source, "Name of the source")->required();
  app.add_option(
         "--database", arguments.database,
         "The source: mysql://user:password@host:port/database, or for PostgreSQL libpq's form")
      ->required();
  app.add_option("--table", arguments.compare.tables,
                 "namespace.name; default: all that a snapshot has read");
  app.add_option("--from", arguments.stream.first_sequence,
                 "First sequence to fold; default: the oldest");
  app.add_option("--snapshot", arguments.stream.until_snapshot_ended,
                 "Fold at least until this snapshot has ended");
  app.add_option("--timeout", arguments.timeout_seconds, "Seconds to wait for the stream")
      ->capture_default_str();
  app.add_flag("--allow-unknown", arguments.compare.allow_unknown,
               "Accept values that only ALTER TABLE has written");
  app.add_option("--records", arguments.records,
                 "What kcat has read of all topics of the source, in the form of kcat_dump.h, "
                 "instead of asking tidemarkd; its topics of transactions, schemas and messages "
                 "are SOURCE.tidemark.transaction, .schema and .message")
      ->check(CLI::ExistingFile);
  app.add_option("--partitions", arguments.partitions, "With --records: of the topics of tables")
      ->capture_default_str();
}

// Rows that are read again after a key change.
bool MayStillCome(const Arguments& arguments, const Comparison& comparison) {
  return comparison.unknown_values > 0 && !arguments.compare.allow_unknown;
}

// What was wrong with the records, beside the rows.
std::vector<std::string> BrokenRules(const KafkaFold& kafka, uint64_t snapshot) {
  std::vector<std::string> broken = kafka.violations();
  if (!kafka.Missing().empty()) broken.push_back(kafka.Missing());
  if (snapshot != 0 && kafka.fold().ended_snapshots().count(snapshot) == 0) {
    broken.push_back(absl::StrCat("no record says that snapshot ", snapshot, " has ended"));
  }
  return broken;
}

absl::StatusOr<bool> JudgeRecords(const Arguments& arguments, testing::Session& source) {
  std::ifstream dump(arguments.records, std::ios::binary);
  absl::StatusOr<std::vector<testing::KafkaRecord>> records = ReadKcatDump(dump);
  if (!records.ok()) return records.status();
  const std::string& name = arguments.stream.source;
  KafkaFold kafka({.source = name,
                   .engine = source.engine(),
                   .partitions = arguments.partitions,
                   .transaction_topic = absl::StrCat(name, ".tidemark.transaction"),
                   .schema_topic = absl::StrCat(name, ".tidemark.schema"),
                   .message_topic = absl::StrCat(name, ".tidemark.message")});
  kafka.Apply(*records);
  absl::StatusOr<Comparison> comparison =
      CompareWithSource(kafka.fold(), source, arguments.compare);
  if (!comparison.ok()) return comparison.status();
  const std::vector<std::string> broken = BrokenRules(kafka, arguments.stream.until_snapshot_ended);
  std::printf("%s\n", Verdict(records->size(), "records in Kafka", broken, *comparison).c_str());
  return broken.empty() && comparison->difference_count == 0;
}

absl::StatusOr<bool> JudgeStream(Arguments& arguments, testing::Session& source) {
  absl::StatusOr<LogPosition> end = EndOfLog(source);
  if (!end.ok()) return end.status();
  arguments.stream.until_position = *end;
  arguments.stream.timeout = absl::Seconds(arguments.timeout_seconds);
  grpc::ChannelArguments channel;
  channel.SetMaxReceiveMessageSize(-1);
  const auto stub = v1::ChangeStream::NewStub(
      grpc::CreateCustomChannel(arguments.server, grpc::InsecureChannelCredentials(), channel));
  Fold fold({.first_sequence = arguments.stream.first_sequence, .engine = source.engine()});
  if (absl::Status read = FoldStream(*stub, arguments.stream, fold); !read.ok()) return read;
  absl::StatusOr<Comparison> comparison = CompareWithSource(fold, source, arguments.compare);
  for (int more = 0;
       more < kRereadSeconds && comparison.ok() && MayStillCome(arguments, *comparison); ++more) {
    absl::Status read = FoldMore(*stub, arguments.stream.source, absl::Seconds(1), fold);
    if (!read.ok()) return read;
    comparison = CompareWithSource(fold, source, arguments.compare);
  }
  if (!comparison.ok()) return comparison.status();
  std::printf("%s\n", Verdict(fold, *comparison).c_str());
  return IsExact(fold, *comparison);
}

absl::StatusOr<bool> Run(Arguments& arguments) {
  auto source = testing::OpenSession(arguments.database);
  if (!source.ok()) return source.status();
  return arguments.records.empty() ? JudgeStream(arguments, **source)
                                   : JudgeRecords(arguments, **source);
}

int Main(int argc, char** argv) {
  CLI::App app("Folds a source's change stream and compares it with the server row by row.");
  Arguments arguments;
  Declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<bool> exact = Run(arguments);
  if (exact.ok()) return *exact ? 0 : 1;
  std::fprintf(stderr, "tidemark-oracle: %s\n", exact.status().ToString().c_str());
  return 2;
}

}  // namespace
}  // namespace tidemark::oracle

int main(int argc, char** argv) { return tidemark::oracle::Main(argc, argv); }
