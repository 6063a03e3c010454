#ifndef TIDEMARK_BENCH_REPORT_H_
#define TIDEMARK_BENCH_REPORT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::bench {

// One line of the table: what was measured, Tidemark's figure, and what it stands beside.
struct Figure {
  // Report fills it in.
  std::string measure;
  std::string tidemark;
  // Both empty: there is nothing to compare with.
  std::string beside = "";
  std::string ratio = "";
};

// Collects figures and prints them: for people, and as a Markdown table. Not thread-safe.
class Report {
 public:
  // The server of the figures that are added from now on: "MySQL 9.7.1".
  void SetServer(const std::string& server) { server_ = server; }
  void Add(Figure figure);
  std::string Text() const;
  std::string Markdown() const;

 private:
  static constexpr size_t kColumns = 5;
  using Cells = std::array<std::string, kColumns>;
  using Widths = std::array<size_t, kColumns>;

  static void AppendLine(const Cells& cells, const Widths& widths, std::string* out);

  std::string server_;
  std::vector<Cells> lines_ = {{"server", "measure", "Tidemark", "beside", "ratio"}};
};

// "1,234,567".
std::string Grouped(double number);
// "1,234,567 rows/s".
std::string RowsPerSecond(uint64_t rows, double seconds);
// "0.75".
std::string Ratio(double numerator, double denominator);
std::string Mebibytes(uint64_t bytes);
// "p50 1.20, p99 3.40, p99.9 5.60, max 7.80 ms". REQUIRES: there are some.
std::string Percentiles(std::vector<int64_t> nanoseconds);

// What goes on meanwhile, one line on standard error.
void Say(const std::string& line);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_REPORT_H_
