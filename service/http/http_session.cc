#include "service/http/http_session.h"

#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/tls/tls_context.h"

namespace tidemark::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr size_t kSessionsMax = 64;
constexpr size_t kRequestBytesMax = 8 << 10;

std::string PeerOf(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return error ? "" : absl::StrCat(peer.address().to_string(), ":", peer.port());
}

template <typename Stream>
class StreamSession final : public HttpSession,
                            public std::enable_shared_from_this<StreamSession<Stream>> {
 public:
  template <typename... Arguments>
  StreamSession(HttpSessionParts* parts, std::string peer, Arguments&&... stream)
      : stream_(std::forward<Arguments>(stream)...), buffer_(kRequestBytesMax), parts_(parts) {
    asked_.peer = std::move(peer);
    parts_->sessions.Add(this);
  }
  ~StreamSession() override { parts_->sessions.Remove(this); }

  void Start();
  void Cut() override { beast::get_lowest_layer(stream_).close(); }

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  // A step begins, which has a deadline of its own.
  void Step() {
    parts_->sessions.Touch(this);
    beast::get_lowest_layer(stream_).expires_after(parts_->deadline);
  }
  void Read();
  HttpReply Answer();
  void Reply();
  void End();

  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> request_;
  http::response<http::string_body> response_;
  HttpRequest asked_;
  HttpSessionParts* const parts_;
};

template <typename Stream>
void StreamSession<Stream>::Start() {
  if constexpr (kTls) {
    Step();
    stream_.async_handshake(
        asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code error) {
          if (error) return;
          self->asked_.certificate_chain = PeerChainPem(self->stream_.native_handle());
          self->Read();
        });
  } else {
    Read();
  }
}

template <typename Stream>
void StreamSession<Stream>::Read() {
  request_.emplace();
  request_->header_limit(kRequestBytesMax);
  Step();
  http::async_read(stream_, buffer_, *request_,
                   [self = this->shared_from_this()](error_code error, size_t) {
                     if (!error) self->Reply();
                   });
}

template <typename Stream>
HttpReply StreamSession<Stream>::Answer() {
  const auto& request = request_->get();
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    return {.status = 405, .body = "only GET and HEAD are answered\n"};
  }
  const std::string target(request.target().data(), request.target().size());
  const auto authorization = request[http::field::authorization];
  asked_.path = target.substr(0, target.find('?'));
  asked_.authorization.assign(authorization.data(), authorization.size());
  return parts_->answer(asked_);
}

template <typename Stream>
void StreamSession<Stream>::Reply() {
  HttpReply reply = Answer();
  const bool head = request_->get().method() == http::verb::head;
  response_ = http::response<http::string_body>(static_cast<http::status>(reply.status),
                                                request_->get().version());
  response_.set(http::field::content_type, reply.content_type);
  response_.set(http::field::cache_control, "no-store");
  if (reply.status == 405) response_.set(http::field::allow, "GET, HEAD");
  if (reply.status == 401) response_.set(http::field::www_authenticate, "Bearer");
  response_.keep_alive(request_->get().keep_alive());
  response_.content_length(reply.body.size());
  if (!head) response_.body() = std::move(reply.body);
  Step();
  http::async_write(stream_, response_,
                    [self = this->shared_from_this()](error_code error, size_t) {
                      if (error) return;
                      self->response_.keep_alive() ? self->Read() : self->End();
                    });
}

// Says in TLS that it is the end, so that nobody takes it for a cut.
template <typename Stream>
void StreamSession<Stream>::End() {
  if constexpr (kTls) {
    Step();
    stream_.async_shutdown([self = this->shared_from_this()](error_code) {});
  }
}

}  // namespace

void HttpSessions::Add(HttpSession* session) {
  if (sessions_.size() == kSessionsMax) {
    HttpSession* longest = sessions_.front();
    sessions_.pop_front();
    longest->Cut();
  }
  sessions_.push_back(session);
}

void HttpSessions::Touch(HttpSession* session) {
  const auto found = std::find(sessions_.begin(), sessions_.end(), session);
  if (found != sessions_.end()) sessions_.splice(sessions_.end(), sessions_, found);
}

void ServeHttp(tcp::socket socket, asio::ssl::context* tls, HttpSessionParts* parts) {
  std::string peer = PeerOf(socket);
  if (tls == nullptr) {
    std::make_shared<StreamSession<PlainStream>>(parts, std::move(peer), std::move(socket))
        ->Start();
  } else {
    std::make_shared<StreamSession<TlsStream>>(parts, std::move(peer), std::move(socket), *tls)
        ->Start();
  }
}

}  // namespace tidemark::service
