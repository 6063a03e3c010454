#ifndef TIDEMARK_MODEL_POSITION_H_
#define TIDEMARK_MODEL_POSITION_H_

#include <compare>
#include <cstdint>
#include <string>

namespace tidemark::model {

// A place in a source's log, totally ordered within one source: `file`, then `offset`.
// PostgreSQL: file is 0 and offset is the LSN. MySQL and MariaDB: file is how often the source
// moved to another binlog (upper 32 bits) and the number of the binlog file (lower 32 bits), offset
// is the byte in it.
struct Position {
  uint64_t file = 0;
  uint64_t offset = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// "16/B374D848" for file 0 (PostgreSQL's form of an LSN), else "file:offset", with the number of
// the binlog file, or "moves.file:offset" after a move.
std::string ToString(const Position& position);

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_POSITION_H_
