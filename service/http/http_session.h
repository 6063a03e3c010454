#ifndef TIDEMARK_SERVICE_HTTP_HTTP_SESSION_H_
#define TIDEMARK_SERVICE_HTTP_HTTP_SESSION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <list>

#include "service/http/http_server.h"

namespace tidemark::service {

// One client's connection.
class HttpSession {
 public:
  virtual ~HttpSession() = default;
  // Closes it; what is under way ends with an error.
  virtual void Cut() = 0;
};

// The connections that are open, those first that have waited longest. One thread.
class HttpSessions {
 public:
  // One too many cuts the first.
  void Add(HttpSession* session);
  // It has made a step. Nothing where it was cut.
  void Touch(HttpSession* session);
  void Remove(HttpSession* session) { sessions_.remove(session); }

 private:
  std::list<HttpSession*> sessions_;
};

// What all sessions of a server share; outlives them.
struct HttpSessionParts {
  HttpServer::Answer answer;
  std::chrono::milliseconds deadline;
  HttpSessions sessions;
};

// Serves a connection to its end, by the io_context of `socket`: reads a request, writes the reply,
// and again while the client keeps the connection. `tls`: after a handshake with what it holds now,
// and needed for the call alone; nullptr: without.
void ServeHttp(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls,
               HttpSessionParts* parts);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_HTTP_SESSION_H_
