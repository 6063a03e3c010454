#ifndef TIDEMARK_BENCH_REPORT_H_
#define TIDEMARK_BENCH_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::bench {

// One line of the table: what was measured, Tidemark's figure, and what it stands beside.
struct Figure {
  std::string measure;
  std::string tidemark;
  // Both empty: there is nothing to compare with.
  std::string beside = "";
  std::string ratio = "";
};

// Collects figures and prints them: for people, and as a Markdown table. Not thread-safe.
class Report {
 public:
  void Add(Figure figure) { figures_.push_back(std::move(figure)); }
  std::string Text() const;
  std::string Markdown() const;

 private:
  std::vector<Figure> figures_;
};

// "1,234,567".
std::string Grouped(double number);
// "1,234,567 rows/s".
std::string RowsPerSecond(uint64_t rows, double seconds);
// "0.75".
std::string Ratio(double numerator, double denominator);
std::string Mebibytes(uint64_t bytes);

// What goes on meanwhile, one line on standard error.
void Say(const std::string& line);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_REPORT_H_
