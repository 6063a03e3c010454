#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "capture/mysql/chunk_query.h"
#include "capture/mysql/key_condition.h"
#include "capture/mysql/key_points.h"
#include "capture/mysql/key_text.h"
#include "capture/mysql/row_layout.h"
#include "model/schema.h"

// The implementation of PlanKeyRanges.

namespace tidemark::capture::mysql {
namespace {

// How often a part that has too many rows is split, and how many keys are looked for in it.
constexpr int kSplitsMax = 12;
constexpr size_t kPointsOfSplit = 8;

class RangePlanner {
 public:
  RangePlanner(Connection& connection, const CatalogTable& table, KeyCondition key,
               const WaitLimits& limits)
      : connection_(connection),
        key_(std::move(key)),
        limits_(limits),
        table_(absl::StrCat(" FROM ", Connection::QuoteIdentifier(table.database), ".",
                            Connection::QuoteIdentifier(table.name))),
        index_(absl::StrCat(" INDEX (", Connection::QuoteIdentifier(table.key_index), ")")),
        from_(absl::StrCat(table_, " FORCE", index_)) {}

  // The keys that cut the table, in the server's order.
  absl::StatusOr<std::vector<KeyText>> Cut(size_t count) {
    absl::StatusOr<std::vector<KeyText>> ends = Ends();
    if (!ends.ok()) return ends.status();
    if (ends->size() < 2) return std::vector<KeyText>();
    low_ = ends->front();
    absl::Status status = AddPart(parts_.end(), KeyText(), ends->back());
    size_t points = std::min(4 * count, kKeyPointsMax);
    for (int split = 0; status.ok() && split < kSplitsMax; ++split) {
      auto largest = std::max_element(parts_.begin(), parts_.end(), HasFewer);
      if (largest->whole || largest->rows <= Rows() / (2 * count)) break;
      status = Split(static_cast<size_t>(largest - parts_.begin()), points);
      points = kPointsOfSplit;
    }
    if (!status.ok()) return status;
    return ChooseEvenly(count);
  }

 private:
  // Text comes in hexadecimal, so that it does not depend on the session's charset.
  std::string ResultForm(size_t column) const {
    const ColumnCodec& codec = key_.codec(column);
    const std::string name = SelectForm(codec, key_.name(column));
    return codec.charset != nullptr ? absl::StrCat("HEX(", name, ")") : name;
  }

  std::string ResultList() const {
    std::vector<std::string> forms;
    for (size_t i = 0; i < key_.size(); ++i) {
      forms.push_back(absl::StrCat(ResultForm(i), " AS k", i));
    }
    return absl::StrJoin(forms, ", ");
  }

  KeyText KeyOf(const Result& rows, int row) const {
    KeyText key;
    for (size_t i = 0; i < key_.size(); ++i) {
      std::string bytes = rows.str(row, static_cast<int>(i));
      if (key_.codec(i).charset != nullptr) bytes = absl::HexStringToBytes(bytes);
      key.push_back(KeyTextOfSql(key_.codec(i), bytes));
    }
    return key;
  }

  absl::StatusOr<std::vector<KeyText>> Keys(const std::string& sql) {
    absl::StatusOr<Result> rows = connection_.Execute(sql, limits_);
    if (!rows.ok()) return rows.status();
    std::vector<KeyText> keys;
    for (int row = 0; row < rows->rows(); ++row) {
      KeyText key = KeyOf(*rows, row);
      if (keys.empty() || keys.back() != key) keys.push_back(std::move(key));
    }
    return keys;
  }

  // The lowest and the highest key.
  absl::StatusOr<std::vector<KeyText>> Ends() {
    std::vector<std::string> down;
    for (size_t i = 0; i < key_.size(); ++i) down.push_back(absl::StrCat(key_.name(i), " DESC"));
    return Keys(absl::StrCat("(SELECT ", ResultList(), from_, " ORDER BY ", key_.Names(),
                             " LIMIT 1) UNION ALL (SELECT ", ResultList(), from_, " ORDER BY ",
                             absl::StrJoin(down, ", "), " LIMIT 1)"));
  }

  // Keys in the server's order that lie between two others, near evenly spread points of the first
  // column in which those differ.
  absl::StatusOr<std::vector<KeyText>> KeysBetween(const KeyText& lower, const KeyText& upper,
                                                   size_t count) {
    size_t column = 0;
    while (column < key_.size() && lower[column] == upper[column]) ++column;
    if (column == key_.size()) return std::vector<KeyText>();
    const bool labelled = key_.codec(column).type == ColumnType::kEnum;
    const std::string place =
        labelled ? absl::StrCat(key_.name(column), " + 0") : key_.name(column);
    std::vector<std::string> looks;
    for (const std::string& point :
         PointsBetween(key_.codec(column), lower[column], upper[column], count)) {
      if (looks.size() == kKeyPointsMax) break;
      looks.push_back(absl::StrCat(
          "(SELECT ", ResultList(), ", ", place, " AS place", from_, " WHERE ", key_.Above(lower),
          " AND ", key_.AtMost(upper), " AND ",
          labelled ? key_.ColumnIs(column, point) : key_.ColumnAbove(column, point, true),
          " ORDER BY ", key_.Names(), " LIMIT 1)"));
    }
    if (looks.empty()) return std::vector<KeyText>();
    absl::StatusOr<std::vector<KeyText>> keys = Keys(absl::StrCat(
        "SELECT * FROM (", absl::StrJoin(looks, " UNION ALL "), ") AS looks ORDER BY place"));
    if (keys.ok() && !keys->empty() && keys->back() == upper) keys->pop_back();
    return keys;
  }

  // The server's guess, from a look at both ends of the range. An empty key: unbounded. MySQL does
  // not look where FORCE INDEX leaves no choice.
  absl::StatusOr<uint64_t> Estimate(const KeyText& lower, const KeyText& upper) {
    std::vector<std::string> conditions;
    if (!lower.empty()) conditions.push_back(key_.Above(lower));
    if (!upper.empty()) conditions.push_back(key_.AtMost(upper));
    const bool mysql = connection_.flavour() == Flavour::kMySql;
    absl::StatusOr<Result> rows =
        connection_.Execute(absl::StrCat("EXPLAIN ", mysql ? "FORMAT=TRADITIONAL " : "", "SELECT 1",
                                         table_, mysql ? " USE" : " FORCE", index_, " WHERE ",
                                         absl::StrJoin(conditions, " AND ")),
                            limits_);
    if (!rows.ok()) return rows.status();
    // id, select_type, table, partitions (MySQL's alone), type, possible_keys, key, key_len, ref,
    // rows
    const int column = mysql ? 9 : 8;
    return rows->rows() == 0 || rows->columns() <= column ? 0 : rows->unsigned_number(0, column);
  }

  // The keys behind the part before it, up to and including `upper`.
  struct Part {
    KeyText upper;
    uint64_t rows = 0;   // the server's guess
    bool whole = false;  // cannot be split
  };
  using Parts = std::vector<Part>;

  // Parts that cannot be split are the smallest.
  static bool HasFewer(const Part& a, const Part& b) {
    return a.whole != b.whole ? a.whole : a.rows < b.rows;
  }
  uint64_t Rows() const {
    uint64_t rows = 1;
    for (const Part& part : parts_) rows += part.rows;
    return rows;
  }

  absl::Status AddPart(Parts::iterator at, const KeyText& lower, const KeyText& upper) {
    absl::StatusOr<uint64_t> rows = Estimate(lower, upper);
    if (!rows.ok()) return rows.status();
    parts_.insert(at, {upper, *rows, false});
    return absl::OkStatus();
  }

  absl::Status Split(size_t index, size_t points) {
    const KeyText upper = parts_[index].upper;
    KeyText lower = index == 0 ? KeyText() : parts_[index - 1].upper;
    absl::StatusOr<std::vector<KeyText>> keys =
        KeysBetween(index == 0 ? low_ : lower, upper, points);
    if (!keys.ok()) return keys.status();
    parts_[index].whole = keys->empty();
    if (keys->empty()) return absl::OkStatus();
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(index));
    keys->push_back(upper);
    for (KeyText& key : *keys) {
      absl::Status status =
          AddPart(parts_.begin() + static_cast<std::ptrdiff_t>(index++), lower, key);
      if (!status.ok()) return status;
      lower = std::move(key);
    }
    return absl::OkStatus();
  }

  // Of the parts' ends, those that make `count` ranges of about as many rows each.
  std::vector<KeyText> ChooseEvenly(size_t count) const {
    std::vector<KeyText> chosen;
    const uint64_t all = Rows();
    uint64_t rows = 0;
    for (size_t i = 0; i + 1 < parts_.size() && chosen.size() + 1 < count; ++i) {
      rows += parts_[i].rows;
      // The end that comes nearest to the next multiple of a fair share.
      const uint64_t next = rows + parts_[i + 1].rows;
      const uint64_t share = all * (chosen.size() + 1) / count;
      if (rows >= share || share - rows < (next > share ? next - share : 0)) {
        chosen.push_back(parts_[i].upper);
      }
    }
    return chosen;
  }

  Connection& connection_;
  const KeyCondition key_;
  const WaitLimits limits_;
  const std::string table_;  // " FROM .."
  const std::string index_;  // " INDEX (..)"
  const std::string from_;   // with FORCE INDEX
  KeyText low_;              // the table's lowest key
  Parts parts_;              // all keys, in order
};

}  // namespace

absl::StatusOr<std::vector<KeyRange>> PlanKeyRanges(Connection& connection,
                                                    const CatalogTable& table, size_t count,
                                                    const WaitLimits& limits) {
  std::vector<KeyRange> ranges(1);
  if (count <= 1 || table.key.empty()) return ranges;
  absl::StatusOr<KeyCondition> key = KeyCondition::Make(table);
  if (!key.ok()) return key.status();
  absl::StatusOr<std::vector<KeyText>> bounds =
      RangePlanner(connection, table, *std::move(key), limits).Cut(count);
  if (!bounds.ok()) return bounds.status();
  for (KeyText& bound : *bounds) {
    ranges.back().upper = bound;
    ranges.push_back({.lower = std::move(bound), .upper = {}});
  }
  return ranges;
}

}  // namespace tidemark::capture::mysql
