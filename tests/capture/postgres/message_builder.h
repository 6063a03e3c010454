#ifndef TIDEMARK_TESTS_CAPTURE_POSTGRES_MESSAGE_BUILDER_H_
#define TIDEMARK_TESTS_CAPTURE_POSTGRES_MESSAGE_BUILDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/postgres/pgoutput.h"

namespace tidemark::capture::postgres {

// Writes messages as the server does. Times are given in microseconds since 1970.
class MessageBuilder {
 public:
  explicit MessageBuilder(char kind) { U8(kind); }

  MessageBuilder& U8(int value) { return Big(static_cast<uint64_t>(value), 1); }
  MessageBuilder& U16(uint64_t value) { return Big(value, 2); }
  MessageBuilder& U32(uint64_t value) { return Big(value, 4); }
  MessageBuilder& U64(uint64_t value) { return Big(value, 8); }
  MessageBuilder& Time(int64_t us) { return U64(static_cast<uint64_t>(us - 946684800000000)); }
  MessageBuilder& String(std::string_view text) {
    bytes_.append(text).push_back('\0');
    return *this;
  }
  MessageBuilder& Counted(std::string_view bytes) {
    U32(bytes.size());
    bytes_.append(bytes);
    return *this;
  }
  const std::string& str() const { return bytes_; }

 private:
  MessageBuilder& Big(uint64_t value, int size) {
    for (int i = size - 1; i >= 0; --i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  std::string bytes_;
};

// A column of a test row: text, NULL, or unchanged TOAST.
struct Cell {
  Cell(const char* value) : kind('t'), text(value) {}
  Cell(std::string value) : kind('t'), text(std::move(value)) {}
  Cell(char without_text) : kind(without_text) {}
  char kind;
  std::string text;
};
inline const Cell kNullCell('n');
inline const Cell kUnchangedCell('u');
using Cells = std::vector<Cell>;

inline void AddTuple(MessageBuilder& out, char part, const Cells& cells) {
  out.U8(part).U16(cells.size());
  for (const Cell& cell : cells) {
    out.U8(cell.kind);
    if (cell.kind == 't' || cell.kind == 'b') out.Counted(cell.text);
  }
}

inline constexpr int64_t kCommitTime = 1'700'000'000'123'456;

inline std::string Begin(Lsn commit_lsn, uint32_t xid) {
  return MessageBuilder('B').U64(commit_lsn).Time(kCommitTime).U32(xid).str();
}
inline std::string Commit(Lsn commit_lsn, Lsn end_lsn) {
  return MessageBuilder('C').U8(0).U64(commit_lsn).U64(end_lsn).Time(kCommitTime).str();
}
inline std::string Relation(const RelationMessage& relation) {
  MessageBuilder out('R');
  out.U32(relation.oid).String(relation.name_space).String(relation.name);
  out.U8(relation.replica_identity).U16(relation.columns.size());
  for (const RelationColumn& column : relation.columns) {
    out.U8(column.identity ? 1 : 0).String(column.name).U32(column.type_oid);
    out.U32(static_cast<uint32_t>(column.type_modifier));
  }
  return out.str();
}
inline std::string Insert(uint32_t relation, const Cells& row) {
  MessageBuilder out('I');
  AddTuple(out.U32(relation), 'N', row);
  return out.str();
}
// `part`: 'K' or 'O' with an old row, 0 without.
inline std::string Update(uint32_t relation, char part, const Cells& old_row, const Cells& row) {
  MessageBuilder out('U');
  out.U32(relation);
  if (part != 0) AddTuple(out, part, old_row);
  AddTuple(out, 'N', row);
  return out.str();
}
inline std::string Delete(uint32_t relation, char part, const Cells& old_row) {
  MessageBuilder out('D');
  AddTuple(out.U32(relation), part, old_row);
  return out.str();
}
inline std::string Truncate(const std::vector<uint32_t>& relations, int flags = 0) {
  MessageBuilder out('T');
  out.U32(relations.size()).U8(flags);
  for (uint32_t relation : relations) out.U32(relation);
  return out.str();
}
inline std::string LogicalMessage(bool transactional, Lsn lsn, std::string_view prefix,
                                  std::string_view content) {
  return MessageBuilder('M').U8(transactional).U64(lsn).String(prefix).Counted(content).str();
}

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_TESTS_CAPTURE_POSTGRES_MESSAGE_BUILDER_H_
