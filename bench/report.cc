#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace tidemark::bench {
namespace {

// Characters, not bytes.
size_t Width(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

void Report::Add(Figure figure) {
  lines_.push_back({server_, std::move(figure.measure), std::move(figure.tidemark),
                    std::move(figure.beside), std::move(figure.ratio)});
}

void Report::AppendLine(const Cells& cells, const Widths& widths, std::string* out) {
  for (size_t column = 0; column < kColumns; ++column) {
    const std::string padding(widths[column] - Width(cells[column]), ' ');
    absl::StrAppend(out, column == 0 ? "" : "  ", cells[column], padding);
  }
  out->erase(out->find_last_not_of(' ') + 1);
  out->push_back('\n');
}

std::string Report::Text() const {
  Widths widths = {};
  for (const Cells& cells : lines_) {
    for (size_t column = 0; column < kColumns; ++column) {
      widths[column] = std::max(widths[column], Width(cells[column]));
    }
  }
  std::string out;
  for (const Cells& cells : lines_) AppendLine(cells, widths, &out);
  return out;
}

std::string Report::Markdown() const {
  std::string out;
  for (const Cells& cells : lines_) {
    absl::StrAppend(&out, "| ", absl::StrJoin(cells, " | "), " |\n");
    if (&cells == &lines_.front()) out += "|---|---|---:|---:|---:|\n";
  }
  return out;
}

std::string Grouped(double number) {
  std::string digits = absl::StrCat(static_cast<uint64_t>(std::llround(number)));
  for (size_t end = digits.size(); end > 3;) {
    end -= 3;
    digits.insert(end, 1, ',');
  }
  return digits;
}

std::string RowsPerSecond(uint64_t rows, double seconds) {
  return absl::StrCat(Grouped(rows / seconds), " rows/s");
}

std::string Ratio(double numerator, double denominator) {
  return absl::StrFormat("%.2f", numerator / denominator);
}

std::string Percentiles(std::vector<int64_t> nanoseconds) {
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<size_t>(std::ceil(share * nanoseconds.size()));
    return nanoseconds[std::max<size_t>(rank, 1) - 1] / 1e6;
  };
  return absl::StrFormat("p50 %.2f, p99 %.2f, p99.9 %.2f, max %.2f ms", at(0.5), at(0.99),
                         at(0.999), at(1));
}

std::string Mebibytes(uint64_t bytes) { return absl::StrFormat("%d MiB", bytes >> 20); }

void Say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

}  // namespace tidemark::bench
