#include "tests/debezium/record_difference.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/debezium/json_value.h"

namespace tidemark::debezium {
namespace {

using Kind = JsonValue::Kind;

constexpr char kAbsent[] = "absent";

// The fields of a Connect schema are an array; here an object of their names.
JsonValue ByName(const JsonValue& fields) {
  JsonValue object;
  object.kind = Kind::kObject;
  for (const JsonValue& field : fields.elements) {
    const JsonValue* name = field.Find("field");
    object.members.emplace_back(name->scalar.substr(1, name->scalar.size() - 2), field);
  }
  return object;
}

bool AreFields(const JsonValue& value) {
  return value.kind == Kind::kArray && !value.elements.empty() &&
         std::all_of(value.elements.begin(), value.elements.end(),
                     [](const JsonValue& element) { return element.Find("field") != nullptr; });
}

// Whether both write the same double, which JVMs do in different
// ways: 1.0E23, 9.999999999999999E22.
bool AreSameDouble(const std::string& theirs, const std::string& ours) {
  double left, right;
  return theirs.find('.') != std::string::npos && ours.find('.') != std::string::npos &&
         absl::SimpleAtod(theirs, &left) && absl::SimpleAtod(ours, &right) && left == right;
}

// The rows of a record.
std::string RowsOf(const std::optional<std::string>& record) {
  if (!record) return kAbsent;
  absl::StatusOr<JsonValue> value = ParseJson(*record);
  const JsonValue* payload = value.ok() ? value->Find("payload") : nullptr;
  if (payload == nullptr) return *record;
  return absl::StrCat("before ", ToText(*payload->Find("before")), ", after ",
                      ToText(*payload->Find("after")));
}

class Comparison {
 public:
  void Values(const std::string& path, const JsonValue& theirs, const JsonValue& ours) {
    if (AreFields(theirs) && AreFields(ours)) return Objects(path, ByName(theirs), ByName(ours));
    if (theirs.kind != ours.kind) return Add(path, ToText(theirs), ToText(ours));
    switch (theirs.kind) {
      case Kind::kScalar:
        if (theirs.scalar == ours.scalar || AreSameDouble(theirs.scalar, ours.scalar)) return;
        return Add(path, theirs.scalar, ours.scalar);
      case Kind::kObject:
        return Objects(path, theirs, ours);
      case Kind::kArray:
        return Arrays(path, theirs, ours);
    }
  }

  absl::Status Texts(const std::string& path, const std::optional<std::string>& theirs,
                     const std::optional<std::string>& ours) {
    if (!theirs || !ours) {
      if (theirs || ours) Add(path, theirs.value_or(kAbsent), ours.value_or(kAbsent));
      return absl::OkStatus();
    }
    if (*theirs == *ours) return absl::OkStatus();
    absl::StatusOr<JsonValue> left = ParseJson(*theirs);
    absl::StatusOr<JsonValue> right = ParseJson(*ours);
    if (!left.ok()) return left.status();
    if (!right.ok()) return right.status();
    Values(path, *left, *right);
    return absl::OkStatus();
  }

  void Add(const std::string& path, std::string theirs, std::string ours) {
    differences_.push_back({path, std::move(theirs), std::move(ours)});
  }

  std::vector<Difference> Take() { return std::move(differences_); }

 private:
  void Objects(const std::string& path, const JsonValue& theirs, const JsonValue& ours) {
    std::vector<std::string> their_order, our_order;
    for (const auto& [name, value] : theirs.members) {
      const std::string inner = name == "fields" ? path : absl::StrCat(path, ".", name);
      const JsonValue* other = ours.Find(name);
      if (other == nullptr) {
        Add(inner, ToText(value), kAbsent);
        continue;
      }
      their_order.push_back(name);
      Values(inner, value, *other);
    }
    for (const auto& [name, value] : ours.members) {
      if (theirs.Find(name) != nullptr) {
        our_order.push_back(name);
      } else {
        Add(absl::StrCat(path, ".", name), kAbsent, ToText(value));
      }
    }
    if (their_order == our_order) return;
    Add(path + "#order", absl::StrJoin(their_order, ","), absl::StrJoin(our_order, ","));
  }

  void Arrays(const std::string& path, const JsonValue& theirs, const JsonValue& ours) {
    if (theirs.elements.size() != ours.elements.size()) {
      return Add(path, ToText(theirs), ToText(ours));
    }
    for (size_t i = 0; i < theirs.elements.size(); ++i) {
      Values(absl::StrCat(path, "[", i, "]"), theirs.elements[i], ours.elements[i]);
    }
  }

  std::vector<Difference> differences_;
};

}  // namespace

absl::StatusOr<std::vector<Difference>> Compare(const Record& theirs, const Record& ours) {
  Comparison comparison;
  absl::Status status = comparison.Texts("key", theirs.key, ours.key);
  if (!status.ok()) return status;
  if (!ours.refused.ok()) {
    comparison.Add("value", RowsOf(theirs.value),
                   absl::StrCat("refused: ", ours.refused.message()));
    return comparison.Take();
  }
  status = comparison.Texts("value", theirs.value, ours.value);
  if (!status.ok()) return status;
  return comparison.Take();
}

}  // namespace tidemark::debezium
