#ifndef TIDEMARK_SERVICE_HTTP_PAGES_H_
#define TIDEMARK_SERVICE_HTTP_PAGES_H_

#include <string>

#include "service/http/http_admission.h"
#include "service/http/http_server.h"
#include "service/observer.h"

namespace tidemark::service {

// What is at a path: /metrics, /healthz or /readyz of docs/metrics.md, else 404. `admission` is
// asked for /metrics alone: probes have neither certificate nor token. Waits for no database,
// broker or disk.
HttpReply AnswerPage(const HttpRequest& request, const HttpAdmission& admission,
                     const Observer& observer, const std::string& version);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_PAGES_H_
