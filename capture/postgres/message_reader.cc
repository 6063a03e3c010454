#include "capture/postgres/message_reader.h"

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {

std::string_view MessageReader::String() {
  const void* terminator = left() == 0 ? nullptr : std::memchr(at_, 0, left());
  if (terminator == nullptr) {
    Fail("string without its end");
    return {};
  }
  std::string_view text(at_, static_cast<const char*>(terminator) - at_);
  at_ += text.size() + 1;
  return text;
}

std::string_view MessageReader::Bytes(size_t size) {
  if (left() < size) {
    Fail("cut short");
    return {};
  }
  std::string_view bytes(at_, size);
  at_ += size;
  return bytes;
}

void MessageReader::Fail(const char* what) {
  if (failed()) return;
  failure_ = what;
  failure_at_ = static_cast<size_t>(at_ - begin_);
  at_ = end_;
}

absl::Status MessageReader::Finish() {
  if (!failed() && left() > 0) Fail("more bytes than the message has fields");
  if (!failed()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("malformed ", std::string(name_),
                                          " message from the server at byte ", failure_at_, " of ",
                                          end_ - begin_, ": ", failure_));
}

}  // namespace tidemark::capture::postgres
