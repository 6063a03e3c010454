#include "service/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "service/json_text.h"

namespace tidemark::service {
namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%fZ %l %v";
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})";

std::atomic<LogFormat> current_format{LogFormat::kText};

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("tidemark",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool IsBare(std::string_view value) {
  return !value.empty() && value.find_first_of(" \t\r\n\"\\=") == std::string_view::npos;
}

std::string FormatText(std::string_view event, LogFields fields) {
  std::string out(event);
  for (const LogField& field : fields) {
    out.append(" ").append(field.key).append("=");
    if (IsBare(field.value)) {
      out += field.value;
    } else {
      AppendJsonString(out, field.value);
    }
  }
  return out;
}

std::string FormatJson(std::string_view event, LogFields fields) {
  std::string out = R"("event":)";
  AppendJsonString(out, event);
  for (const LogField& field : fields) {
    out += ',';
    AppendJsonString(out, field.key);
    out += ':';
    AppendJsonString(out, field.value);
  }
  return out;
}

}  // namespace

std::string FormatLogEntry(LogFormat format, std::string_view event, LogFields fields) {
  return format == LogFormat::kJson ? FormatJson(event, fields) : FormatText(event, fields);
}

void ConfigureLog(LogLevel lowest, LogFormat format) {
  current_format = format;
  Logger().set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                       spdlog::pattern_time_type::utc);
  Logger().set_level(ToSpdlog(lowest));
}

void Log(LogLevel level, std::string_view event, LogFields fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  std::string entry = FormatLogEntry(current_format, event, fields);
  Logger().log(ToSpdlog(level), spdlog::string_view_t(entry.data(), entry.size()));
}

}  // namespace tidemark::service
