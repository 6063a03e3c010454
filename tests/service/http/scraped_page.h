#ifndef TIDEMARK_TESTS_SERVICE_HTTP_SCRAPED_PAGE_H_
#define TIDEMARK_TESTS_SERVICE_HTTP_SCRAPED_PAGE_H_

#include <map>
#include <string>

namespace tidemark::testing {

// By "name{labels}".
using Metrics = std::map<std::string, double>;

// What /metrics of a service says. What goes wrong here is a failure of the test.
Metrics Scrape(const std::string& address);
// -1: there is no such series.
double Value(const Metrics& series, const std::string& name);
// Of all whose names and labels begin so.
double Sum(const Metrics& series, const std::string& prefix);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SERVICE_HTTP_SCRAPED_PAGE_H_
