#ifndef TIDEMARK_SERVICE_PROBLEM_TEXT_H_
#define TIDEMARK_SERVICE_PROBLEM_TEXT_H_

#include <string>
#include <vector>

#include "capture/source.h"

namespace tidemark::service {

// What a check found, for people: a heading with the source and its server, then each problem with
// its remedy.
std::string FormatCheck(const std::string& source, const capture::CheckResult& result);

bool HasErrors(const capture::CheckResult& result);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_PROBLEM_TEXT_H_
