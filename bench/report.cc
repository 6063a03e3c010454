#include "bench/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tidemark::bench {
namespace {

constexpr size_t kColumns = 4;
using Cells = std::array<std::string, kColumns>;

Cells Header() { return {"measure", "Tidemark", "beside", "ratio"}; }

Cells ToCells(const Figure& figure) {
  return {figure.measure, figure.tidemark, figure.beside, figure.ratio};
}

void AppendLine(const Cells& cells, const std::array<size_t, kColumns>& widths, std::string* out) {
  for (size_t column = 0; column < kColumns; ++column) {
    const std::string padding(widths[column] - cells[column].size(), ' ');
    absl::StrAppend(out, column == 0 ? "" : "  ", cells[column], padding);
  }
  out->erase(out->find_last_not_of(' ') + 1);
  out->push_back('\n');
}

}  // namespace

std::string Report::Text() const {
  std::vector<Cells> lines = {Header()};
  for (const Figure& figure : figures_) lines.push_back(ToCells(figure));
  std::array<size_t, kColumns> widths = {};
  for (const Cells& cells : lines) {
    for (size_t column = 0; column < kColumns; ++column) {
      widths[column] = std::max(widths[column], cells[column].size());
    }
  }
  std::string out;
  for (const Cells& cells : lines) AppendLine(cells, widths, &out);
  return out;
}

std::string Report::Markdown() const {
  std::string out = "| measure | Tidemark | beside | ratio |\n|---|---:|---:|---:|\n";
  for (const Figure& figure : figures_) {
    absl::StrAppend(&out, "| ", figure.measure, " | ", figure.tidemark, " | ", figure.beside, " | ",
                    figure.ratio, " |\n");
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

std::string Mebibytes(uint64_t bytes) { return absl::StrFormat("%d MiB", bytes >> 20); }

void Say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

}  // namespace tidemark::bench
