#ifndef TIDEMARK_CAPTURE_POSTGRES_RESUME_TOKEN_H_
#define TIDEMARK_CAPTURE_POSTGRES_RESUME_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidemark::capture::postgres {

// Where to go on reading the log: tidemark.state.PostgresResume as a plain struct, so that capture
// does without the protobuf library. LogBatch.resume is its encoding.
struct ResumeToken {
  // End of the last transaction that was delivered wholly, or a later position before which nothing
  // is left.
  uint64_t lsn = 0;
  // A transaction of which only the beginning was delivered: where its commit record starts, how
  // many of its row messages (Insert, Update, Delete, Truncate, transactional Message) and of its
  // changes. All 0: none.
  uint64_t partial_commit_lsn = 0;
  uint64_t partial_messages = 0;
  uint64_t partial_changes = 0;
  // IDENTIFY_SYSTEM's systemid.
  std::string system_id;
  // Of the publication that the log was read through; 0: not known.
  uint64_t publication_oid = 0;
  // IDENTIFY_SYSTEM's timeline, to which `lsn` belongs; 0: not known.
  uint64_t timeline = 0;

  // The serialized message.
  std::string Encode() const;
  // Unknown fields are skipped. DataLoss if it is no such message.
  static absl::StatusOr<ResumeToken> Decode(std::string_view encoded);

  friend bool operator==(const ResumeToken&, const ResumeToken&) = default;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_RESUME_TOKEN_H_
