#include "service/http/pages.h"

#include "service/health.h"
#include "service/http/metrics_page.h"

namespace tidemark::service {
namespace {

constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

HttpReply ReplyOf(Verdict verdict) {
  return {.status = verdict.good ? 200u : 503u, .body = std::move(verdict.text)};
}

}  // namespace

HttpReply AnswerPage(std::string_view path, const Observer& observer, const std::string& version) {
  if (path == "/healthz") return ReplyOf(JudgeAlive(observer.Observe()));
  if (path == "/readyz") return ReplyOf(JudgeReady(observer.Observe()));
  if (path == "/metrics") {
    return {.content_type = kMetricsType,
            .body = MetricsPage(observer.Observe(), ReadProcessFigures(), version)};
  }
  return {.status = 404, .body = "there are /metrics, /healthz and /readyz\n"};
}

}  // namespace tidemark::service
