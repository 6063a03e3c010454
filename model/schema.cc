#include "model/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tidemark::model {
namespace {

// Values of both are laid out alike. The delimiter is left out of it: the journal does not hold it,
// and one oid never has two.
bool SameStructure(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.oid != b.oid || a.modifier != b.modifier) return false;
  if ((a.element == nullptr) != (b.element == nullptr)) return false;
  if (a.element != nullptr && !SameStructure(*a.element, *b.element)) return false;
  return std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
                    [](const TypeField& x, const TypeField& y) {
                      return x.name == y.name && SameStructure(*x.type, *y.type);
                    });
}

// REQUIRES: SameStructure.
bool SameNames(const Type& a, const Type& b) {
  if (a.name != b.name || a.labels != b.labels) return false;
  if (a.element != nullptr && !SameNames(*a.element, *b.element)) return false;
  return std::equal(
      a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
      [](const TypeField& x, const TypeField& y) { return SameNames(*x.type, *y.type); });
}

// REQUIRES: SameStructure. A label that is gone was renamed: servers cannot drop one.
bool KeepsLabels(const Type& from, const Type& to) {
  for (const std::string& label : from.labels) {
    if (std::find(to.labels.begin(), to.labels.end(), label) == to.labels.end()) return false;
  }
  if (from.element != nullptr && !KeepsLabels(*from.element, *to.element)) return false;
  return std::equal(
      from.fields.begin(), from.fields.end(), to.fields.begin(), to.fields.end(),
      [](const TypeField& x, const TypeField& y) { return KeepsLabels(*x.type, *y.type); });
}

const Column* FindColumn(const TableSchema& schema, const std::string& name) {
  auto found = std::find_if(schema.columns.begin(), schema.columns.end(),
                            [&](const Column& column) { return column.name == name; });
  return found == schema.columns.end() ? nullptr : &*found;
}

std::vector<std::string> KeyNames(const TableSchema& schema) {
  std::vector<std::string> names;
  for (uint32_t index : schema.key_columns) names.push_back(schema.columns[index].name);
  return names;
}

}  // namespace

std::string QualifiedName(const TableSchema& schema) {
  return absl::StrCat(schema.name_space, ".", schema.name);
}

bool SameLayout(const TableSchema& a, const TableSchema& b) {
  return a.table_id == b.table_id && a.key_columns == b.key_columns &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const Column& x, const Column& y) {
                      return x.name == y.name && SameStructure(*x.type, *y.type);
                    });
}

bool SameContent(const TableSchema& a, const TableSchema& b) {
  return SameLayout(a, b) && a.name_space == b.name_space && a.name == b.name &&
         a.catalog_current == b.catalog_current &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const Column& x, const Column& y) {
                      return x.nullable == y.nullable && x.generated == y.generated &&
                             x.default_expression == y.default_expression &&
                             SameNames(*x.type, *y.type);
                    });
}

bool ChangeRewritesRows(const TableSchema& from, const TableSchema& to) {
  if (KeyNames(from) != KeyNames(to)) return true;
  for (const Column& column : to.columns) {
    const Column* before = FindColumn(from, column.name);
    if (before == nullptr) {
      if (column.generated || column.default_expression.has_value() || !column.nullable)
        return true;
    } else if (!SameStructure(*before->type, *column.type) ||
               !KeepsLabels(*before->type, *column.type)) {
      return true;
    }
  }
  return false;
}

}  // namespace tidemark::model
