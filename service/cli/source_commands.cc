#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "capture/source.h"
#include "service/cli/commands.h"
#include "service/cli/event_format.h"
#include "service/problem_text.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

absl::StatusOr<v1::ListSourcesResponse> ListSources(Client& client) {
  v1::ListSourcesResponse response;
  grpc::Status listed =
      Call(client.sources(), &v1::Sources::Stub::List, v1::ListSourcesRequest(), &response);
  if (!listed.ok()) return client.ToStatus(listed);
  return response;
}

capture::CheckResult ToResult(const v1::CheckSourceResponse& response) {
  capture::CheckResult result;
  result.server = response.server();
  for (const v1::Problem& problem : response.problems()) {
    result.problems.push_back({static_cast<capture::Problem::Severity>(problem.severity()),
                               problem.message(), problem.remedy()});
  }
  return result;
}

absl::StatusOr<bool> CheckOne(Client& client, const std::string& source) {
  v1::CheckSourceRequest request;
  request.set_source(source);
  v1::CheckSourceResponse response;
  grpc::Status checked = Call(client.sources(), &v1::Sources::Stub::Check, request, &response);
  if (!checked.ok()) return client.ToStatus(checked);
  capture::CheckResult result = ToResult(response);
  std::fputs(FormatCheck(source, result).c_str(), stdout);
  return !HasErrors(result);
}

std::string Delay(int64_t us) {
  return us < 1000         ? absl::StrCat(us, " us")
         : us < 10'000'000 ? absl::StrCat(us / 1000, " ms")
                           : FormatSeconds(us / 1'000'000);
}

std::string StreamText(const v1::Source& source) {
  if (source.oldest_sequence() > source.newest_sequence()) return "no events yet";
  return absl::StrCat("events ", source.oldest_sequence(), " to ", source.newest_sequence(), ", ",
                      FormatBytes(source.retained_bytes()), " retained");
}

// A source that was just begun has none.
std::string PlaceText(const v1::Position& position) {
  if (position.file() == 0 && position.offset() == 0) return "none yet";
  return FormatPosition(position);
}

std::string LagText(const v1::Source& source) {
  std::string out = FormatBytes(source.lag_bytes()) + " of log";
  if (source.events() == 0) return out;
  return absl::StrCat(out, "; newest transaction in the stream after ", Delay(source.lag_us()));
}

std::string KafkaText(const v1::Publisher& publisher) {
  std::string out = absl::AsciiStrToLower(v1::Publisher::State_Name(publisher.state()));
  if (publisher.has_published_sequence()) {
    absl::StrAppend(&out, ", events up to ", publisher.published_sequence(), " are there");
  } else {
    out += ", what is there is not known yet";
  }
  if (publisher.lag_events() > 0) {
    absl::StrAppend(&out, ", ", FormatCount(publisher.lag_events()), " (",
                    FormatBytes(publisher.lag_bytes()), ") are not, for ",
                    Delay(static_cast<int64_t>(publisher.lag_us())));
  }
  if (!publisher.error().empty()) absl::StrAppend(&out, "; ", publisher.error());
  return out;
}

std::string Describe(const v1::Source& source) {
  std::string state = absl::AsciiStrToLower(v1::Source::State_Name(source.state()));
  std::string out = absl::StrCat(source.name(), ": ", state);
  if (!source.server().empty()) absl::StrAppend(&out, ", ", source.server());
  auto line = [&](const char* name, const std::string& text) {
    absl::StrAppendFormat(&out, "\n  %-11s  %s", name, text);
  };
  if (!source.error().empty()) line("cause", source.error());
  line("stream", StreamText(source));
  line("frontier", absl::StrCat(PlaceText(source.frontier()), ", acknowledged ",
                                PlaceText(source.acknowledged())));
  line("lag", LagText(source));
  if (!source.rereads_waiting_for().empty()) {
    line("incomplete", absl::StrCat("rows to be read again wait for ",
                                    source.rereads_waiting_for()));
  }
  if (source.has_publisher()) line("kafka", KafkaText(source.publisher()));
  line("since start", absl::StrCat(FormatCount(source.events(), "event"), ", ",
                                   FormatCount(source.restarts(), "reconnect")));
  return out + "\n";
}

}  // namespace

absl::StatusOr<bool> CheckCommand(Client& client, const std::string& source) {
  if (!source.empty()) return CheckOne(client, source);
  auto sources = ListSources(client);
  if (!sources.ok()) return sources.status();
  bool good = true;
  for (const v1::Source& each : sources->sources()) {
    auto checked = CheckOne(client, each.name());
    if (!checked.ok()) return checked.status();
    good = good && *checked;
  }
  return good;
}

absl::Status StatusCommand(Client& client) {
  auto sources = ListSources(client);
  if (!sources.ok()) return sources.status();
  for (const v1::Source& source : sources->sources()) {
    std::fputs(Describe(source).c_str(), stdout);
  }
  return absl::OkStatus();
}

}  // namespace tidemark::service
