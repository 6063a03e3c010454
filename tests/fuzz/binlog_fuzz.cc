// Everything that reads bytes of a MySQL or MariaDB server, under libFuzzer. An input that begins
// like a binlog file is walked as one; of others the first byte says which parser of text gets the
// rest. No input may crash, hang, or read behind its end.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "binlog_walker.h"
#include "capture/mysql/gtid_set.h"
#include "capture/mysql/mariadb_gtid.h"
#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {
namespace {

constexpr uint8_t kMagic = 0xfe;

// What was parsed is printed and parsed again: it must be the same.
void GtidText(std::string_view text) {
  const auto set = GtidSet::Parse(text);
  if (set.ok()) {
    const auto printed = GtidSet::Parse(set->ToString());
    const auto encoded = GtidSet::Decode(set->Encode());
    if (!printed.ok() || !encoded.ok() || *printed != *set || *encoded != *set) std::abort();
  }
  const auto position = MariaDbPosition::Parse(text);
  if (position.ok()) {
    const auto printed = MariaDbPosition::Parse(position->ToString());
    if (!printed.ok() || *printed != *position) std::abort();
  }
}

void StatementText(uint8_t choice, std::string_view text) {
  constexpr uint64_t kAnsiQuotes = 4;
  constexpr uint64_t kNoBackslashEscapes = uint64_t{1} << 20;
  const uint64_t mode =
      ((choice & 1) != 0 ? kAnsiQuotes : 0) | ((choice & 2) != 0 ? kNoBackslashEscapes : 0);
  ParseStatement(text, mode, "shop", (choice & 4) != 0);
  if (FirstWords(text).size() > 40) std::abort();
}

void One(std::string_view input) {
  if (input.empty()) return;
  const uint8_t choice = static_cast<uint8_t>(input[0]);
  if (choice == kMagic) {
    BinlogWalker(BinlogWalker::Mode::kMended).Walk(input);
  } else if (choice % 16 == 15) {
    GtidText(input.substr(1));
  } else {
    StatementText(choice, input.substr(1));
  }
}

}  // namespace
}  // namespace tidemark::capture::mysql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidemark::capture::mysql::One({reinterpret_cast<const char*>(data), size});
  return 0;
}
