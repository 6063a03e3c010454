#include "service/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/snapshot_messages.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

constexpr size_t kTablesShown = 20;
constexpr size_t kBarCells = 24;

// 0 to 1; below 1 until it is done, however wrong the estimate is.
double Fraction(uint64_t done, uint64_t estimated, bool is_done) {
  if (is_done) return 1;
  if (estimated == 0) return 0;
  return std::min(0.99, static_cast<double>(done) / static_cast<double>(estimated));
}

std::string Bar(double fraction) {
  size_t full = static_cast<size_t>(fraction * kBarCells);
  std::string out;
  for (size_t i = 0; i < kBarCells; ++i) out += i < full ? "█" : "░";
  return out;
}

std::string Rows(uint64_t done, uint64_t estimated, bool is_done) {
  if (is_done || estimated <= done) return FormatCount(done, "row");
  return absl::StrCat(FormatCount(done), " of about ", FormatCount(estimated, "row"));
}

// "12,000 rows/s, 2m 5s left"
std::string Speed(double rows_per_second, uint64_t eta_seconds) {
  std::string out =
      absl::StrCat(FormatCount(static_cast<uint64_t>(std::llround(rows_per_second))), " rows/s");
  if (eta_seconds > 0) absl::StrAppend(&out, ", ", FormatSeconds(eta_seconds), " left");
  return out;
}

std::string TableSpeed(const v1::TableProgress& table) {
  if (table.done()) return "done";
  if (table.rows_per_second() == 0) return "";
  return Speed(table.rows_per_second(), table.eta_seconds());
}

std::string TableLine(const v1::TableProgress& table, size_t name_width) {
  double fraction = Fraction(table.rows_done(), table.rows_estimated(), table.done());
  std::string rows = Rows(table.rows_done(), table.rows_estimated(), table.done());
  return absl::StrFormat("  %-*s  %s %3d%%  %s  %s", static_cast<int>(name_width), table.table(),
                         Bar(fraction), static_cast<int>(fraction * 100), rows, TableSpeed(table));
}

// Cut to so many characters (not bytes).
std::string Fit(const std::string& line, size_t width) {
  size_t columns = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    bool starts = (static_cast<uint8_t>(line[i]) & 0xC0) != 0x80;
    if (starts && ++columns > width) return line.substr(0, i);
  }
  return std::string(absl::StripTrailingAsciiWhitespace(line));
}

}  // namespace

std::string StateName(const v1::Snapshot& snapshot) {
  return absl::AsciiStrToLower(v1::Snapshot::State_Name(snapshot.state()));
}

std::string ProgressLine(const v1::Snapshot& snapshot) {
  bool done = snapshot.state() == v1::Snapshot::COMPLETED;
  std::string out =
      absl::StrCat("snapshot ", snapshot.id(), " of ", snapshot.source(), ": ", StateName(snapshot),
                   ", ", Rows(snapshot.rows_done(), snapshot.rows_estimated(), done));
  if (snapshot.state() == v1::Snapshot::RUNNING) {
    absl::StrAppend(&out, ", ", Speed(snapshot.rows_per_second(), snapshot.eta_seconds()));
  }
  if (!snapshot.waiting_for().empty()) {
    absl::StrAppend(&out, "; waits for ", snapshot.waiting_for());
  }
  if (!snapshot.error().empty()) absl::StrAppend(&out, "; ", snapshot.error());
  return out;
}

std::vector<std::string> ProgressBars(const v1::Snapshot& snapshot, size_t width) {
  std::vector<std::string> lines = {Fit(ProgressLine(snapshot), width)};
  size_t name_width = 0;
  for (const v1::TableProgress& table : snapshot.tables()) {
    name_width = std::max(name_width, table.table().size());
  }
  // Those that are being read come first where not all fit.
  std::vector<const v1::TableProgress*> tables;
  for (const v1::TableProgress& table : snapshot.tables()) tables.push_back(&table);
  if (tables.size() > kTablesShown) {
    std::stable_sort(tables.begin(), tables.end(), [](const auto* a, const auto* b) {
      auto rank = [](const auto* table) { return table->done() ? 2 : table->rows_done() ? 0 : 1; };
      return rank(a) < rank(b);
    });
  }
  for (size_t i = 0; i < std::min(tables.size(), kTablesShown); ++i) {
    lines.push_back(Fit(TableLine(*tables[i], name_width), width));
  }
  if (tables.size() > kTablesShown) {
    lines.push_back(absl::StrCat("  and ", tables.size() - kTablesShown, " more tables"));
  }
  return lines;
}

std::string ProgressDisplay::Show(const v1::Snapshot& snapshot) {
  std::vector<std::string>& shown = shown_[snapshot.id()];
  if (width_ == 0) {
    std::vector<std::string> line = {ProgressLine(snapshot)};
    if (line == shown) return "";
    shown = std::move(line);
    return shown.front() + "\n";
  }
  shown = ProgressBars(snapshot, width_);
  std::string out;
  if (lines_drawn_ > 0) absl::StrAppend(&out, "\x1b[", lines_drawn_, "A");
  lines_drawn_ = 0;
  for (const auto& [id, lines] : shown_) {
    for (const std::string& line : lines) absl::StrAppend(&out, "\x1b[2K", line, "\n");
    lines_drawn_ += lines.size();
  }
  return out + "\x1b[J";
}

size_t TerminalWidth() {
  winsize size = {};
  if (!::isatty(STDOUT_FILENO)) return 0;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string(term) == "dumb") return 0;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace tidemark::service
