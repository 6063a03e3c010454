#include "tests/oracle/stream.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/support/mysql_words.h"

namespace tidemark::oracle {
namespace {

bool CaughtUp(const StreamOptions& options, const Fold& fold) {
  const bool ended = options.until_snapshot_ended == 0 ||
                     fold.ended_snapshots().count(options.until_snapshot_ended) > 0;
  return ended && fold.frontier() >= options.until_position &&
         fold.sequence() >= options.until_sequence;
}

v1::SubscribeRequest Request(const StreamOptions& options, const Fold& fold) {
  v1::SubscribeRequest request;
  request.set_source(options.source);
  request.set_heartbeat_interval_ms(100);
  if (fold.sequence() > 0) {
    request.set_sequence(fold.sequence() + 1);
  } else if (options.first_sequence > 0) {
    request.set_sequence(options.first_sequence);
  } else {
    request.set_beginning(true);
  }
  return request;
}

absl::Status Convert(const grpc::Status& status, const StreamOptions& options, const Fold& fold) {
  const std::string place =
      absl::StrCat("at sequence ", fold.sequence(), ", frontier ", Show(fold.frontier()), " of ",
                   Show(options.until_position), ": ", status.error_message());
  if (status.ok()) return absl::UnavailableError(absl::StrCat("the stream ended ", place));
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), place);
}

absl::StatusOr<LogPosition> EndOfPostgresLog(testing::Session& source) {
  absl::StatusOr<std::string> text =
      source.QueryValue("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn");
  if (!text.ok()) return text.status();
  uint64_t offset = 0;
  if (absl::SimpleAtoi(*text, &offset)) return LogPosition(0, offset);
  return absl::InternalError(absl::StrCat("no position: ", *text));
}

// "binlog.000012", 1234.
absl::StatusOr<LogPosition> EndOfBinlog(testing::Session& source) {
  absl::StatusOr<uint32_t> version = testing::MysqlVersion(source);
  if (!version.ok()) return version.status();
  absl::StatusOr<testing::SqlRows> rows =
      source.Query(testing::WordsOf(source.engine(), *version).show_log_end);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return absl::InternalError("the server has no binlog");
  const std::string& file = *rows->front()[0];
  LogPosition position;
  if (absl::SimpleAtoi(file.substr(file.rfind('.') + 1), &position.file) &&
      absl::SimpleAtoi(*rows->front()[1], &position.offset)) {
    return position;
  }
  return absl::InternalError(absl::StrCat("no position: ", file, " ", *rows->front()[1]));
}

}  // namespace

absl::Status FoldStream(v1::ChangeStream::StubInterface& stub, const StreamOptions& options,
                        Fold& fold) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(options.timeout));
  fold.BeginStream();
  const auto reader = stub.Subscribe(&context, Request(options, fold));
  v1::SubscribeResponse response;
  while (!CaughtUp(options, fold)) {
    if (!reader->Read(&response)) return Convert(reader->Finish(), options, fold);
    for (const v1::Event& event : response.events()) fold.Apply(event);
    if (options.progress) options.progress(fold);
  }
  context.TryCancel();
  while (reader->Read(&response)) {
  }
  reader->Finish();
  return absl::OkStatus();
}

absl::Status FoldMore(v1::ChangeStream::StubInterface& stub, const std::string& source,
                      absl::Duration time, Fold& fold) {
  const absl::Status status =
      FoldStream(stub, {.source = source, .until_sequence = UINT64_MAX, .timeout = time}, fold);
  return absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
}

absl::StatusOr<LogPosition> EndOfLog(testing::Session& source) {
  return source.engine() == testing::Engine::kPostgres ? EndOfPostgresLog(source)
                                                       : EndOfBinlog(source);
}

}  // namespace tidemark::oracle
