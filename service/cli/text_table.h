#ifndef TIDEMARK_SERVICE_CLI_TEXT_TABLE_H_
#define TIDEMARK_SERVICE_CLI_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace tidemark::service {

// Rows of cells as lines with aligned columns, two blanks between; the first row is the heading.
std::string FormatTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_TEXT_TABLE_H_
