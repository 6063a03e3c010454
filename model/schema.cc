#include "model/schema.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tidemark::model {
namespace {

bool SameType(const Type& a, const Type& b) {
  return a.kind == b.kind && a.oid == b.oid && a.modifier == b.modifier && a.name == b.name;
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
  return a.table_id == b.table_id && a.name_space == b.name_space && a.name == b.name &&
         a.key_columns == b.key_columns &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const Column& x, const Column& y) {
                      return x.name == y.name && SameType(*x.type, *y.type);
                    });
}

bool SameContent(const TableSchema& a, const TableSchema& b) {
  return SameLayout(a, b) && a.catalog_current == b.catalog_current &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const Column& x, const Column& y) {
                      return x.nullable == y.nullable && x.generated == y.generated &&
                             x.default_expression == y.default_expression &&
                             x.type->labels == y.type->labels;
                    });
}

bool ChangeRewritesRows(const TableSchema& from, const TableSchema& to) {
  if (KeyNames(from) != KeyNames(to)) return true;
  for (const Column& column : to.columns) {
    const Column* before = FindColumn(from, column.name);
    if (before == nullptr) {
      if (column.generated || column.default_expression.has_value() || !column.nullable)
        return true;
    } else if (!SameType(*before->type, *column.type)) {
      return true;
    }
  }
  return false;
}

}  // namespace tidemark::model
