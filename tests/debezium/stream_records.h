#ifndef TIDEMARK_TESTS_DEBEZIUM_STREAM_RECORDS_H_
#define TIDEMARK_TESTS_DEBEZIUM_STREAM_RECORDS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "service/kafka/debezium_source.h"
#include "tests/debezium/record_difference.h"
#include "tidemark/v1/change_stream.grpc.pb.h"

namespace tidemark::debezium {

// By topic, in order.
using Records = std::map<std::string, std::vector<Record>>;

struct StreamOptions {
  std::string source;
  // DebeziumOptions.name of the log's changes and of the rows of snapshots; it begins their topics.
  std::string log_name;
  std::string snapshot_name;
  // The rest of them.
  service::kafka::DebeziumOptions form;
  // The stream is read up to the first change of this table ("public.marker").
  std::string last_table;
};

// The stream from its beginning as the records of Debezium's form, with tombstones. Errors: the
// service's own.
absl::StatusOr<Records> ReadRecords(v1::ChangeStream::StubInterface& stub,
                                    const StreamOptions& options);

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_STREAM_RECORDS_H_
