#include "capture/mysql/payload.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

#include "event_builder.h"

namespace tidemark::capture::mysql {
namespace {

std::string Zstd(const std::string& plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

std::string Payload(uint64_t compression, const std::string& payload, uint64_t stated = 1) {
  EventBuilder body;
  body.U8(2).U8(compression < 251 ? 1 : 3);
  if (compression < 251) {
    body.U8(compression);
  } else {
    body.U8(252).U16(compression);
  }
  body.U8(3).U8(9).U8(254).U64(stated).U8(1).U8(9).U8(254).U64(payload.size()).U8(0);
  return body.Text(payload).str();
}

// Sizes of the events that come out, or the status.
absl::StatusOr<std::vector<size_t>> Sizes(PayloadReader& reader, const std::string& body) {
  if (auto status = reader.Open(body); !status.ok()) return status;
  std::vector<size_t> sizes;
  while (true) {
    auto event = reader.Next();
    if (!event.ok()) return event.status();
    if (!event->has_value()) return sizes;
    if (!ParseHeader(**event).ok()) return absl::InternalError("no event");
    sizes.push_back((*event)->size());
  }
}

std::string Event(size_t body_size) {
  return WholeEvent(EventType::kRowsQuery, std::string(body_size, 'x'), Checksum::kNone);
}

TEST(PayloadTest, InnerEventsComeOutOneByOne) {
  const std::string events = Event(10) + Event(300000) + Event(0) + Event(70000);
  PayloadReader reader;
  const std::vector<size_t> expected = {29, 300019, 19, 70019};
  for (const std::string& body : {Payload(0, Zstd(events)), Payload(255, events),
                                  // What it says of its size is not believed.
                                  Payload(0, Zstd(events), ~uint64_t{0}),
                                  Payload(0, Zstd(Event(10)) + Zstd(events.substr(29)))}) {
    const auto sizes = Sizes(reader, body);
    ASSERT_TRUE(sizes.ok()) << sizes.status();
    EXPECT_EQ(*sizes, expected);
  }
  EXPECT_TRUE(Sizes(reader, Payload(255, ""))->empty());
}

TEST(PayloadTest, DamagedPayloadsAreRefused) {
  PayloadReader reader;
  const std::string zstd = Zstd(Event(10) + Event(3000));
  for (const std::string& body :
       {Payload(0, zstd.substr(0, zstd.size() - 3)), Payload(0, "no zstd at all"),
        Payload(0, Zstd(Event(10) + Event(50).substr(0, 40))),
        Payload(0, Zstd(Event(10) + "short")), Payload(255, std::string(19, '\0')),
        std::string("\2\1"), std::string()}) {
    EXPECT_EQ(Sizes(reader, body).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Sizes(reader, Payload(7, zstd)).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Sizes(reader, Payload(0, zstd)).ok());
}

TEST(PayloadTest, AnEventOverTheLimitIsRefused) {
  PayloadReader reader(PayloadLimits{.event_bytes_max = 1000});
  EXPECT_TRUE(Sizes(reader, Payload(0, Zstd(Event(900)))).ok());
  EXPECT_FALSE(Sizes(reader, Payload(0, Zstd(Event(990)))).ok());
}

// MariaDB's block: head, size in big endian, zlib stream.
std::string Block(const std::string& plain) {
  uLongf size = compressBound(plain.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(plain.data()), plain.size());
  out.resize(size);
  EventBuilder block;
  return block.U8(0x82).U8(plain.size() >> 8).U8(plain.size()).Text(out).str();
}

TEST(PayloadTest, CompressedQueriesBecomePlainOnes) {
  EventBuilder head;
  head.U32(11).U32(0).U8(4).U16(0).U16(9).U8(1).U64(4).Text("shop").U8(0);
  const std::string text = "DROP TABLE " + std::string(500, 'x');
  model::Bytes plain;
  ASSERT_TRUE(InflateQuery(head.str() + Block(text), 1000, plain).ok());
  const auto query = ParseQuery({plain.data(), plain.size()}, true);
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->text, text);
  EXPECT_EQ(query->database, "shop");
}

TEST(PayloadTest, CompressedRowsBecomePlainOnes) {
  EventBuilder head;
  head.U48(77).U16(1).U8(2).U8(3).U8(3);
  const std::string rows(100000, 'r');
  model::Bytes plain;
  const std::string body = head.str() + Block(rows);
  ASSERT_TRUE(InflateRows(EventType::kUpdateRowsCompressedV1, body, 6, 200000, plain).ok());
  EXPECT_EQ(std::string(plain.view()), head.str() + rows);
}

TEST(PayloadTest, DamagedBlocksAreRefused) {
  EventBuilder head;
  head.U48(77).U16(1).U8(2).U8(3);
  const std::string block = Block(std::string(5000, 'r'));
  const auto inflate = [&](const std::string& b, size_t bytes_max) {
    model::Bytes plain;
    return InflateRows(EventType::kWriteRowsCompressedV1, head.str() + b, 6, bytes_max, plain);
  };
  EXPECT_TRUE(inflate(block, 5000).ok());
  EXPECT_EQ(inflate(block, 4999).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(inflate(block.substr(0, block.size() - 1), 5000).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(inflate("", 5000).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(inflate("\x02" + block.substr(1), 5000).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(inflate("\xf2" + block.substr(1), 5000).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tidemark::capture::mysql
