#include "service/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kConnectionsMax = 64;
constexpr size_t kRequestBytesMax = 8 << 10;
constexpr std::chrono::seconds kDeadline{10};
// How long no connection is taken after one could not be had, as when no file is left to open.
constexpr std::chrono::milliseconds kAcceptPause{100};

// One client: reads a request, writes the reply, and again while the client keeps the connection.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const HttpServer::Answer* answer, size_t* open)
      : stream_(std::move(socket)), buffer_(kRequestBytesMax), answer_(answer), open_(open) {
    ++*open_;
  }
  ~Session() { --*open_; }

  void Read();

 private:
  void Reply();
  HttpReply Answer() const;

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> request_;
  http::response<http::string_body> response_;
  const HttpServer::Answer* const answer_;
  size_t* const open_;
};

void Session::Read() {
  request_.emplace();
  request_->header_limit(kRequestBytesMax);
  stream_.expires_after(kDeadline);
  http::async_read(stream_, buffer_, *request_,
                   [self = shared_from_this()](error_code error, size_t) {
                     if (!error) self->Reply();
                   });
}

HttpReply Session::Answer() const {
  const auto& request = request_->get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return {.status = 405, .body = "only GET and HEAD are answered\n"};
  }
  const std::string target(request.target().data(), request.target().size());
  return (*answer_)(std::string_view(target).substr(0, target.find('?')));
}

void Session::Reply() {
  HttpReply reply = Answer();
  const bool head = request_->get().method() == http::verb::head;
  response_ = http::response<http::string_body>(static_cast<http::status>(reply.status),
                                                request_->get().version());
  response_.set(http::field::content_type, reply.content_type);
  response_.set(http::field::cache_control, "no-store");
  if (reply.status == 405) response_.set(http::field::allow, "GET, HEAD");
  response_.keep_alive(request_->get().keep_alive());
  response_.content_length(reply.body.size());
  if (!head) response_.body() = std::move(reply.body);
  stream_.expires_after(kDeadline);
  http::async_write(stream_, response_, [self = shared_from_this()](error_code error, size_t) {
    if (!error && self->response_.keep_alive()) self->Read();
  });
}

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
  explicit Server(Answer answer)
      : answer_(std::move(answer)), acceptor_(context_), pause_(context_) {}
  ~Server() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Listen(const std::string& listen);
  const std::string& address() const override { return address_; }

 private:
  error_code Bind(const std::string& host, const std::string& port);
  void Accept();
  void Accepted(error_code error, tcp::socket socket);

  const Answer answer_;
  // Sessions that are open; they end with the context.
  size_t open_ = 0;
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

absl::Status Server::Listen(const std::string& listen) {
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
  // One too many is closed at once.
  if (open_ < kConnectionsMax) {
    std::make_shared<Session>(std::move(socket), &answer_, &open_)->Read();
  }
  Accept();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen,
                                                              Answer answer) {
  auto server = std::make_unique<Server>(std::move(answer));
  absl::Status listening = server->Listen(listen);
  if (!listening.ok()) return listening;
  return server;
}

}  // namespace tidemark::service
