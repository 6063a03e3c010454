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

HttpReply AnswerPage(const HttpRequest& request, const HttpAdmission& admission,
                     const Observer& observer, const std::string& version) {
  if (request.path == "/healthz") return ReplyOf(JudgeAlive(observer.Observe()));
  if (request.path == "/readyz") return ReplyOf(JudgeReady(observer.Observe()));
  if (request.path == "/metrics") {
    if (std::optional<HttpReply> refusal = admission.Refuse(request)) return *std::move(refusal);
    return {.content_type = kMetricsType,
            .body = MetricsPage(observer.Observe(), ReadProcessFigures(), version)};
  }
  return {.status = 404, .body = "there are /metrics, /healthz and /readyz\n"};
}

}  // namespace tidemark::service
