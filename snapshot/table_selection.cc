#include "snapshot/table_selection.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tidemark::snapshot {
namespace {

using capture::TableInfo;

bool Means(const std::string& name_space, const std::string& name, const TableInfo& table) {
  return table.name_space == name_space && (name == kEveryTable || table.name == name);
}

absl::Status NoTable(const std::string& name_space, const std::string& name,
                     const std::string& remedy) {
  return absl::NotFoundError(
      name == kEveryTable
          ? absl::StrCat("the source captures no table of ", name_space, "; to capture one, ",
                         remedy)
          : absl::StrCat("table ", name_space, ".", name,
                         " does not exist or is not captured; to capture it, ", remedy));
}

bool IsNamed(const JobRequest& request, const TableInfo& table) {
  return std::any_of(request.tables.begin(), request.tables.end(), [&](const TableRequest& named) {
    return named.name != kEveryTable && Means(named.name_space, named.name, table);
  });
}

// What one entry of the request stands for, added to `selected`.
absl::Status Add(const JobRequest& request, const TableRequest& entry,
                 const std::vector<TableInfo>& captured, const std::string& remedy,
                 std::vector<SelectedTable>* selected) {
  bool found = false;
  for (const TableInfo& table : captured) {
    if (!Means(entry.name_space, entry.name, table)) continue;
    found = true;
    if (entry.name == kEveryTable && IsNamed(request, table)) continue;
    selected->push_back({entry, &table});
    selected->back().request.name = table.name;
  }
  return found ? absl::OkStatus() : NoTable(entry.name_space, entry.name, remedy);
}

absl::Status LeaveOut(const JobRequest& request, std::vector<SelectedTable>* selected) {
  std::vector<SelectedTable> left = *selected;
  for (const TablePattern& pattern : request.except) {
    auto means = [&](const SelectedTable& table) {
      return Means(pattern.name_space, pattern.name, *table.info) &&
             !IsNamed(request, *table.info);
    };
    if (std::none_of(selected->begin(), selected->end(), means)) {
      return absl::NotFoundError(absl::StrCat("except ", pattern.name_space, ".", pattern.name,
                                              " leaves out no table: the snapshot would read no "
                                              "such table, or it is named in `tables`; correct it, "
                                              "or leave it out of the request"));
    }
    std::erase_if(left, means);
  }
  if (left.empty() && !request.except.empty()) {
    return absl::NotFoundError("except: no table is left to read");
  }
  *selected = std::move(left);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<SelectedTable>> SelectTables(const JobRequest& request,
                                                        const std::vector<TableInfo>& captured,
                                                        const std::string& remedy) {
  std::vector<SelectedTable> selected;
  for (const TableRequest& entry : request.tables) {
    absl::Status added = Add(request, entry, captured, remedy, &selected);
    if (!added.ok()) return added;
  }
  if (request.tables.empty()) {
    for (const TableInfo& table : captured) {
      selected.push_back({{table.name_space, table.name, "", {}}, &table});
    }
  }
  if (absl::Status left = LeaveOut(request, &selected); !left.ok()) return left;
  return selected;
}

}  // namespace tidemark::snapshot
