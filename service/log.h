#ifndef TIDEMARK_SERVICE_LOG_H_
#define TIDEMARK_SERVICE_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace tidemark::service {

// The log of the programs: one line an entry, on standard error.
//
//   text: 2026-11-22T12:30:00.123456Z info source connected source=shop server="PostgreSQL 15"
//   json: {"time":"2026-11-22T12:30:00.123456Z","level":"info","event":"source
//   connected","source":"shop"}
//
// An entry says in a few lower-case words what happened, and has fields with fixed lower-case keys.
// Never put row values or secrets into it; the one exception is the key of an event that is too
// large for its topic. Thread-safe.
enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : uint8_t { kText, kJson };

struct LogField {
  template <typename Value>
  LogField(std::string_view field_key, const Value& field_value) : key(field_key) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      value = std::string_view(field_value);
    } else {
      value = absl::StrCat(field_value);
    }
  }

  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

// Before it is called, entries from kInfo on go out as text.
void ConfigureLog(LogLevel lowest, LogFormat format);

void Log(LogLevel level, std::string_view event, LogFields fields = {});
inline void LogInfo(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kInfo, event, fields);
}
inline void LogWarning(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kWarning, event, fields);
}
inline void LogError(std::string_view event, LogFields fields = {}) {
  Log(LogLevel::kError, event, fields);
}

// The part of an entry behind time and level.
std::string FormatLogEntry(LogFormat format, std::string_view event, LogFields fields);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_LOG_H_
