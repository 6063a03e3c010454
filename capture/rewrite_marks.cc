#include "capture/rewrite_marks.h"

#include <cstddef>

namespace tidemark::capture {
namespace {

bool HasMarks(const TableState& state) {
  return state.marks.columns.size() == state.schema->columns.size();
}

bool SameIdentities(const TableState& from, const TableState& to) {
  for (size_t i = 0; i < from.schema->columns.size(); ++i) {
    for (size_t j = 0; j < to.schema->columns.size(); ++j) {
      if (from.schema->columns[i].name == to.schema->columns[j].name &&
          from.marks.columns[i] != to.marks.columns[j]) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

bool RowsRewritten(const TableState& from, const TableState& to) {
  if (from.schema->id != to.schema->id && model::ChangeRewritesRows(*from.schema, *to.schema)) {
    return true;
  }
  if (!HasMarks(from) || !HasMarks(to) || from.marks == to.marks) return false;
  return (from.marks.definitions != to.marks.definitions &&
          from.marks.storage != to.marks.storage) ||
         from.marks.parts != to.marks.parts || !SameIdentities(from, to);
}

}  // namespace tidemark::capture
