#ifndef TIDEMARK_TESTS_ORACLE_CELLS_H_
#define TIDEMARK_TESTS_ORACLE_CELLS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/session.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// One column's value as a consumer knows it.
struct Cell {
  enum class State {
    kNull,
    kText,
    // In an event: not carried by the log. In a held row: no event has ever shown it.
    kUnknown,
  };
  State state = State::kNull;
  // The server's text, for kText (see ValueText, MysqlValueText).
  std::string text = "";

  bool operator==(const Cell&) const = default;
};

using Cells = std::vector<Cell>;

// The columns of an event's row, in the order of the schema. InvalidArgument: the row does not fit.
absl::StatusOr<Cells> CellsOfRow(const v1::Row& row, const v1::TableSchema& schema,
                                 testing::Engine engine);
// The same for an event's key.
absl::StatusOr<Cells> CellsOfKey(const v1::Row& key, const v1::TableSchema& schema,
                                 testing::Engine engine);

// Cells in one string, which is what is kept for each row.
std::string Pack(const Cells& cells);
Cells Unpack(const std::string& packed);

// For messages: "(1, abc, NULL)", long texts cut.
std::string Show(const Cells& cells);
std::string Show(const Cell& cell);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_CELLS_H_
