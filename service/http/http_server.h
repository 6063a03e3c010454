#ifndef TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_
#define TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidemark::service {

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Serves a few small pages over HTTP/1.1 on one thread of its own, to GET and HEAD. Bounded: 64
// connections, 8 KiB of request, ten seconds for a request and for its reply.
class HttpServer {
 public:
  // What is at a path (without query). Called on the server's thread, one request at a time: must
  // be quick.
  using Answer = std::function<HttpReply(std::string_view path)>;

  // `listen`: "127.0.0.1:9090", "[::1]:0"; port 0: any free one. FailedPrecondition: the address
  // cannot be had; the message has the remedy.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& listen,
                                                           Answer answer);
  // Cuts what is under way.
  virtual ~HttpServer() = default;

  // `listen` with the port that was really bound.
  virtual const std::string& address() const = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_
