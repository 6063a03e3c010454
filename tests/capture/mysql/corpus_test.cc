// Binlogs of real servers, decoded whole; and many damaged copies of them.

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "binlog_walker.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/gtid_set.h"

namespace tidemark::capture::mysql {
namespace {

const std::string kFolder = std::string(TIDEMARK_SOURCE_FOLDER) + "/tests/capture/mysql/corpus/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Events(const std::string& file) {
  std::vector<std::string> events;
  for (size_t at = 4; at + 19 <= file.size();) {
    const auto byte = [&](size_t i) {
      return static_cast<uint32_t>(static_cast<uint8_t>(file[i]));
    };
    const size_t size =
        byte(at + 9) | byte(at + 10) << 8 | byte(at + 11) << 16 | byte(at + 12) << 24;
    events.push_back(file.substr(at, size));
    at += size;
  }
  return events;
}

struct Recording {
  const char* name;
  int rows;
};

constexpr Recording kRecordings[] = {
    {"mariadb-10.11-types", 17}, {"mariadb-10.11-changes", 33}, {"mariadb-10.11-compressed", 3109},
    {"mariadb-10.11-plain", 9},  {"mariadb-11.8", 44},          {"mysql-9.7-types", 15},
    {"mysql-9.7-changes", 1586}, {"mysql-9.7-plain", 9},        {"mariadb-11.4", 55},
    {"mysql-8.0", 38},
};

class CorpusTest : public ::testing::TestWithParam<Recording> {};

TEST_P(CorpusTest, ARecordedBinlogIsDecodedWhole) {
  const std::string name = GetParam().name;
  BinlogWalker walker(BinlogWalker::Mode::kExact);
  const std::string shown = walker.Walk(ReadFile(kFolder + name + ".binlog"));
  EXPECT_EQ(walker.errors(), 0);
  EXPECT_EQ(walker.rows(), GetParam().rows);
  if (shown == ReadFile(kFolder + name + ".txt")) return;
  const std::string found = ::testing::TempDir() + name + ".txt";
  std::ofstream(found, std::ios::binary) << shown;
  ADD_FAILURE() << "not as in " << name << ".txt; what was found is in " << found;
}

INSTANTIATE_TEST_SUITE_P(All, CorpusTest, ::testing::ValuesIn(kRecordings));

// The rows that the statements made, by hand.
TEST(CorpusRowsTest, ValuesAreThoseOfTheStatements) {
  for (const std::string name :
       {"mariadb-10.11-types", "mariadb-11.4", "mysql-8.0", "mysql-9.7-types", "mysql-9.7-plain"}) {
    const std::string shown =
        BinlogWalker(BinlogWalker::Mode::kExact).Walk(ReadFile(kFolder + name + ".binlog"));
    for (const std::string expected : {
             // 18446744073709551615, -128, 255, 2024, 65535, -8388608, 4294967295, 1.5, 2.5, -1.5,
             // 12345678.90, b'1111111111'
             "+ ffffffffffffffff 80 ff 7c ffff 000080 ffffffff 0000c03f 0000000000000440 "
             "7ffffffffffffffffffffffffffffffee2329affffffffffffffffffffff 80bc614e5a 03ff",
             "+ 0200000000000000 null null null null null null null null null null null",
             // 2024-02-29, -838:59:59, -00:00:00.99, 12:34:56.789012
             "+ 01000000 5dd00f 4b9105 7fffff9d 80c8b80c0a14 99b2443105",
             "+ 02000000 000000 800000 80000000 800000000000 8000000000",
             // 'abc', 'lang', 'caf\xe9'
             "+ 01000000 616263 6c616e67 63616",
             "+ null 07000000",
         }) {
      EXPECT_TRUE(absl::StrContains(shown, expected)) << name << ": " << expected;
    }
  }
}

// PREVIOUS_GTIDS holds what a dump is asked for with: the server wrote it in the same form.
TEST(CorpusRowsTest, GtidSetsAreEncodedAsTheServerDoes) {
  for (const std::string name : {"mysql-8.0", "mysql-9.7-types", "mysql-9.7-plain"}) {
    int sets = 0;
    for (const std::string& event : Events(ReadFile(kFolder + name + ".binlog"))) {
      if (ParseHeader(event)->type != EventType::kPreviousGtids) continue;
      ++sets;
      const auto checksum = name == "mysql-9.7-plain" ? Checksum::kNone : Checksum::kCrc32;
      const auto body = EventBody(event, checksum);
      ASSERT_TRUE(body.ok()) << body.status();
      const auto set = GtidSet::Decode(*body);
      ASSERT_TRUE(set.ok()) << set.status();
      EXPECT_EQ(set->Encode(), *body);
    }
    EXPECT_EQ(sets, 1) << name;
  }
}

// What is done to the bytes of an event.
void Damage(std::mt19937& random, const std::vector<std::string>& events, std::string& event) {
  static constexpr unsigned char kEdges[] = {0, 1, 0x7f, 0x80, 250, 251, 252, 253, 254, 255};
  const size_t at = event.empty() ? 0 : random() % event.size();
  switch (random() % 8) {
    case 0:
      event.resize(at);
      break;
    case 1:
      event.erase(at, 1 + random() % 8);
      break;
    case 2:
      event.insert(at, 1 + random() % 8, static_cast<char>(random()));
      break;
    case 3: {  // a piece of another event
      const std::string& other = events[random() % events.size()];
      const size_t from = random() % other.size();
      event.insert(at, other.substr(from, random() % 32));
      break;
    }
    case 4:  // another type
      if (event.size() > 4) event[4] = static_cast<char>(events[random() % events.size()][4]);
      break;
    case 5:
      if (!event.empty()) event[at] ^= static_cast<char>(1 << random() % 8);
      break;
    default:
      if (!event.empty()) event[at] = static_cast<char>(kEdges[random() % std::size(kEdges)]);
  }
}

// An event with the size that it has now.
std::string Sized(std::string event) {
  if (event.size() < 13) event.resize(13);
  for (int i = 0; i < 4; ++i) event[9 + i] = static_cast<char>(event.size() >> 8 * i);
  return event;
}

// No byte that is read was not checked: the address sanitizer says so, if this test is built with
// it. The same damage every time.
TEST(DamagedBinlogTest, ManyDamagedCopiesAreRefusedOrReadAndNothingElse) {
  constexpr int kCopies = 30000;
  int errors = 0, rows = 0;
  unsigned seed = 0;
  for (const Recording& recording : kRecordings) {
    const std::string file = ReadFile(kFolder + recording.name + ".binlog");
    const std::vector<std::string> events = Events(file);
    ASSERT_FALSE(events.empty());
    for (int copy = 0; copy < kCopies; ++copy) {
      std::mt19937 random(++seed);
      // The description, and a few events from somewhere, one of them damaged once or more.
      std::string damaged = file.substr(0, 4) + events[0];
      const size_t first = 1 + random() % (events.size() - 1);
      const size_t count = std::min<size_t>(1 + random() % 4, events.size() - first);
      const size_t victim = first + random() % count;
      for (size_t i = first; i < first + count; ++i) {
        std::string event = events[i];
        for (size_t n = i == victim ? 1 + random() % 3 : 0; n > 0; --n)
          Damage(random, events, event);
        damaged += i == victim ? Sized(event) : event;
      }
      BinlogWalker walker(BinlogWalker::Mode::kMended);
      walker.Walk(damaged);
      errors += walker.errors();
      rows += walker.rows();
    }
  }
  EXPECT_GT(errors, kCopies);
  EXPECT_GT(rows, kCopies);
}

}  // namespace
}  // namespace tidemark::capture::mysql
