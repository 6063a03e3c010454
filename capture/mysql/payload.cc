#include "capture/mysql/payload.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "capture/mysql/byte_reader.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kStep = size_t{64} << 10;
constexpr size_t kKeptBytesMax = size_t{8} << 20;

enum PayloadField : uint64_t { kEnd = 0, kSize = 1, kCompression = 2, kUncompressedSize = 3 };
enum Compression : uint64_t { kZstd = 0, kNone = 255 };

struct PayloadHead {
  uint64_t compression = kNone;
  std::string_view payload;
};

// Fields of type, size, value, all packed integers, up to the end mark; then the payload.
absl::StatusOr<PayloadHead> ParseHead(std::string_view body) {
  ByteReader in(body);
  PayloadHead head;
  while (!in.failed()) {
    const uint64_t field = in.Packed();
    if (field == kEnd) break;
    ByteReader value(in.Bytes(in.Packed()));
    if (field == kCompression) head.compression = value.Packed();
    if (value.failed()) in.Fail("a field is cut short");
  }
  head.payload = in.Rest();
  if (auto status = in.Check("TRANSACTION_PAYLOAD"); !status.ok()) return status;
  if (head.compression != kZstd && head.compression != kNone) {
    return absl::FailedPreconditionError(
        absl::StrCat("a TRANSACTION_PAYLOAD event is compressed in way ", head.compression,
                     ", which this version does not know; set binlog_transaction_compression=OFF "
                     "on the server"));
  }
  return head;
}

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged compressed event from the server: ",
                                          absl::string_view(what.data(), what.size())));
}

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZlibStream {
 public:
  ZlibStream() { ready_ = inflateInit(&stream_) == Z_OK; }
  ~ZlibStream() {
    if (ready_) inflateEnd(&stream_);
  }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

  absl::Status Inflate(std::string_view in, size_t bytes_max, model::Bytes& out) {
    if (!ready_) return absl::ResourceExhaustedError("no memory to decompress an event");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    size_t total = 0;
    for (int result = Z_OK; result != Z_STREAM_END;) {
      out.Reserve(kStep);
      const size_t room = std::min(kStep, bytes_max + 1 - total);
      stream_.next_out = reinterpret_cast<Bytef*>(out.end());
      stream_.avail_out = static_cast<uInt>(room);
      result = inflate(&stream_, Z_NO_FLUSH);
      const size_t written = room - stream_.avail_out;
      out.Advance(written);
      total += written;
      if (result != Z_OK && result != Z_STREAM_END) return Damaged("no zlib stream");
      if (total > bytes_max) return Damaged("it is larger than an event may be");
    }
    return absl::OkStatus();
  }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

// A byte (high bit set; algorithm, of which 0 is zlib; size of the next), the size when
// decompressed, big endian, then the stream (MariaDB 11.8 sql/log_event.cc, binlog_buf_compress).
absl::Status InflateBlock(std::string_view block, size_t bytes_max, model::Bytes& out) {
  ByteReader in(block);
  const uint8_t head = in.U8();
  in.Skip(head & 0x07);
  const std::string_view stream = in.Rest();
  if (in.failed() || (head & 0x80) == 0) return Damaged("no head");
  if ((head & 0x70) != 0) return Damaged("a compression that is not known");
  return ZlibStream().Inflate(stream, bytes_max, out);
}

absl::Status InflateBehind(std::string_view body, size_t plain_size, size_t bytes_max,
                           model::Bytes& out) {
  out.Append(body.substr(0, plain_size));
  return InflateBlock(body.substr(plain_size), bytes_max, out);
}

bool IsUpdate(EventType type) {
  return type == EventType::kUpdateRowsCompressedV1 || type == EventType::kUpdateRowsCompressed;
}

bool IsV2(EventType type) { return type >= EventType::kWriteRowsCompressed; }

}  // namespace

// Decompressed bytes wait in `buffer` from `at` on.
struct PayloadReader::Impl {
  explicit Impl(PayloadLimits l) : limits(l) {}

  PayloadLimits limits;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream;
  uint64_t compression = kNone;
  ZSTD_inBuffer in = {nullptr, 0, 0};
  bool frame_ended = true;
  model::Bytes buffer;
  size_t at = 0;

  size_t waiting() const { return buffer.size() - at; }

  absl::Status Reset(const PayloadHead& head) {
    // What one large event needed is not kept for ever.
    if (buffer.capacity() > kKeptBytesMax) buffer = {};
    if (stream != nullptr && ZSTD_sizeof_DStream(stream.get()) > kKeptBytesMax) stream.reset();
    compression = head.compression;
    in = {head.payload.data(), head.payload.size(), 0};
    buffer.Clear();
    at = 0;
    frame_ended = true;
    if (compression == kNone) return absl::OkStatus();
    if (stream == nullptr) stream.reset(ZSTD_createDStream());
    if (stream == nullptr) return absl::ResourceExhaustedError("no memory to decompress an event");
    ZSTD_DCtx_reset(stream.get(), ZSTD_reset_session_only);
    ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, limits.window_log_max);
    return absl::OkStatus();
  }

  // Drops what was handed out, so that the buffer holds little more than one event.
  void Compact() {
    if (at == 0) return;
    const size_t left = waiting();
    std::memmove(buffer.data(), buffer.data() + at, left);
    buffer.Truncate(left);
    at = 0;
  }

  // Decompresses a step more. False: there is no more.
  absl::StatusOr<bool> More() {
    if (in.pos == in.size && frame_ended) return false;
    buffer.Reserve(kStep);
    if (compression == kNone) {
      const size_t n = std::min(kStep, in.size - in.pos);
      buffer.Append({static_cast<const char*>(in.src) + in.pos, n});
      in.pos += n;
      return true;
    }
    ZSTD_outBuffer out = {buffer.end(), kStep, 0};
    const size_t in_before = in.pos;
    const size_t result = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(result) != 0) return Damaged(ZSTD_getErrorName(result));
    buffer.Advance(out.pos);
    frame_ended = result == 0;
    if (out.pos == 0 && in.pos == in_before) return Damaged("its end is missing");
    return true;
  }

  // Makes `size` bytes wait. False: it ends before.
  absl::StatusOr<bool> Fill(size_t size) {
    if (waiting() < size) Compact();
    while (waiting() < size) {
      auto more = More();
      if (!more.ok() || !*more) return more;
    }
    return true;
  }
};

PayloadReader::PayloadReader(PayloadLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
PayloadReader::~PayloadReader() = default;
PayloadReader::PayloadReader(PayloadReader&&) noexcept = default;
PayloadReader& PayloadReader::operator=(PayloadReader&&) noexcept = default;

absl::Status PayloadReader::Open(std::string_view body) {
  auto head = ParseHead(body);
  if (!head.ok()) return head.status();
  return impl_->Reset(*head);
}

absl::StatusOr<std::optional<std::string_view>> PayloadReader::Next() {
  auto has_header = impl_->Fill(EventHeader::kSize);
  if (!has_header.ok()) return has_header.status();
  if (!*has_header) {
    if (impl_->waiting() == 0) return std::nullopt;
    return Damaged("it ends within an event");
  }
  constexpr size_t kSizeAt = 9;
  ByteReader header({impl_->buffer.data() + impl_->at + kSizeAt, 4});
  const uint32_t size = header.U32();
  if (size < EventHeader::kSize) return Damaged("an event without header");
  if (size > impl_->limits.event_bytes_max) return Damaged("an event larger than any may be");
  auto whole = impl_->Fill(size);
  if (!whole.ok()) return whole.status();
  if (!*whole) return Damaged("it ends within an event");
  const std::string_view event(impl_->buffer.data() + impl_->at, size);
  impl_->at += size;
  return event;
}

absl::Status InflateQuery(std::string_view body, size_t bytes_max, model::Bytes& out) {
  ByteReader in(body);
  in.Skip(8);
  const uint8_t database_size = in.U8();
  in.Skip(2);
  in.Skip(in.U16());
  in.Skip(uint64_t{database_size} + 1);
  if (auto status = in.Check("QUERY_COMPRESSED"); !status.ok()) return status;
  return InflateBehind(body, body.size() - in.left(), bytes_max, out);
}

absl::Status InflateRows(EventType type, std::string_view body, size_t id_bytes, size_t bytes_max,
                         model::Bytes& out) {
  ByteReader in(body);
  in.Skip(id_bytes + 2);
  if (IsV2(type)) {
    const uint16_t extra = in.U16();
    if (extra < 2) in.Fail("extra data of a wrong size");
    in.Skip(extra - 2u);
  }
  const uint64_t columns = in.Packed();
  const uint64_t bitmap = columns / 8 + (columns % 8 == 0 ? 0 : 1);
  in.Skip(bitmap);
  if (IsUpdate(type)) in.Skip(bitmap);
  if (auto status = in.Check(EventName(type)); !status.ok()) return status;
  return InflateBehind(body, body.size() - in.left(), bytes_max, out);
}

}  // namespace tidemark::capture::mysql
