#include "service/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/http/http_session.h"
#include "service/log.h"
#include "service/tls/tls_context.h"

namespace tidemark::service {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// How long no connection is taken after one could not be had, as when no file is left to open.
constexpr std::chrono::milliseconds kAcceptPause{100};

// Splits "host:port" and takes the brackets from an IPv6 address.
std::pair<std::string, std::string> Split(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return {listen, ""};
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, listen.substr(colon + 1)};
}

class Server final : public HttpServer {
 public:
  Server(const HttpServerOptions& options, Answer answer)
      : access_(options.access),
        parts_{std::move(answer), options.deadline, {}},
        acceptor_(context_),
        pause_(context_) {}
  ~Server() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const std::string& listen);
  const std::string& address() const override { return address_; }

 private:
  error_code Bind(const std::string& host, const std::string& port);
  absl::Status TakeCertificates();
  void Accept();
  void Accepted(error_code error, tcp::socket socket);

  const Access* const access_;
  // Those that are shown to new connections, and what OpenSSL has made of them.
  std::shared_ptr<const Certificates> certificates_;
  std::optional<asio::ssl::context> tls_;
  // Sessions end with the context.
  HttpSessionParts parts_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string address_;
  std::thread thread_;
};

error_code Server::Bind(const std::string& host, const std::string& port) {
  error_code error;
  tcp::resolver resolver(context_);
  const auto found = resolver.resolve(host, port, tcp::resolver::passive, error);
  if (error) return error;
  const tcp::endpoint endpoint = *found.begin();
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

absl::Status Server::TakeCertificates() {
  if (access_ == nullptr) return absl::OkStatus();
  std::shared_ptr<const Certificates> now = access_->certificates();
  if (now == certificates_) return absl::OkStatus();
  // Not tried again for each connection.
  certificates_ = std::move(now);
  absl::StatusOr<TlsContext> made = MakeTlsContext(*certificates_);
  if (made.ok()) tls_.emplace(made->release());
  return made.status();
}

absl::Status Server::Listen(const std::string& listen) {
  if (absl::Status taken = TakeCertificates(); !taken.ok()) return taken;
  const auto [host, port] = Split(listen);
  if (error_code error = Bind(host, port)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", listen, " (", error.message(),
                     "); end the program that has the address, or set another `http.listen` in the "
                     "configuration"));
  }
  address_ =
      absl::StrCat(listen.substr(0, listen.rfind(':') + 1), acceptor_.local_endpoint().port());
  Accept();
  thread_ = std::thread([this] { context_.run(); });
  return absl::OkStatus();
}

void Server::Accept() {
  acceptor_.async_accept(
      [this](error_code error, tcp::socket socket) { Accepted(error, std::move(socket)); });
}

void Server::Accepted(error_code error, tcp::socket socket) {
  if (error) {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code stopped) {
      if (!stopped) Accept();
    });
    return;
  }
  if (absl::Status taken = TakeCertificates(); !taken.ok()) {
    LogError("certificates not taken: those of before stay",
             {{"listener", "http"}, {"error", taken.message()}});
  }
  ServeHttp(std::move(socket), tls_ ? &*tls_ : nullptr, &parts_);
  Accept();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              Answer answer) {
  auto server = std::make_unique<Server>(options, std::move(answer));
  absl::Status listening = server->Listen(options.listen);
  if (!listening.ok()) return listening;
  return server;
}

}  // namespace tidemark::service
