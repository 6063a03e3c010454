#ifndef TIDEMARK_TESTS_ORACLE_KCAT_DUMP_H_
#define TIDEMARK_TESTS_ORACLE_KCAT_DUMP_H_

#include <istream>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/kafka_consumer.h"

namespace tidemark::oracle {

// Reads what kcat, a consumer that is not ours, has printed of topics under
//
//   kcat -C -e -X isolation.level=read_committed -f '%t %p %o %T %K %S\n%k%s%h\n'
//
// one after another: topic, partition, offset, timestamp, the lengths of key and value (-1: null),
// and behind the newline key and value as they are and the headers ("name=value,name=value") to the
// next newline. kcat has no other form for headers, so values with commas or newlines in them
// cannot be told: DataLoss, as everything else that is not of this form.
absl::StatusOr<std::vector<testing::KafkaRecord>> ReadKcatDump(std::istream& dump);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_KCAT_DUMP_H_
