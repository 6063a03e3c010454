#ifndef TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_
#define TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/tls/access.h"

namespace tidemark::service {

struct HttpRequest {
  // Without query.
  std::string path;
  // The header's value; "": there is none.
  std::string authorization;
  // "127.0.0.1:51234"
  std::string peer;
  // The client's certificate and those behind it, PEM; "": it showed none.
  std::string certificate_chain;
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct HttpServerOptions {
  // "127.0.0.1:9090", "[::1]:0"; port 0: any free one.
  std::string listen;
  // Whose certificates are shown, those of the moment to each new connection; nullptr, or without
  // certificates: no TLS. Must outlive the server.
  const Access* access = nullptr;
  // For a handshake, for a request and for its reply.
  std::chrono::milliseconds deadline{10'000};
};

// Serves a few small pages over HTTP/1.1 to GET and HEAD, with TLS or without, on one thread of its
// own. Bounded: 64 connections, 8 KiB of request, and a deadline for each step. Where a connection
// is one too many, that which has waited longest for its client is cut: whoever holds connections
// keeps nobody out.
class HttpServer {
 public:
  // What is at a path. Called on the server's thread, one request at a time: must be quick.
  using Answer = std::function<HttpReply(const HttpRequest& request)>;

  // FailedPrecondition: the address cannot be had, or the certificate not be used; the message has
  // the remedy.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           Answer answer);
  // Cuts what is under way.
  virtual ~HttpServer() = default;

  // `listen` with the port that was really bound.
  virtual const std::string& address() const = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_HTTP_SERVER_H_
