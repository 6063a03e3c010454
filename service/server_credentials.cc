#include "service/server_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <mutex>
#include <string>

namespace tidemark::service {
namespace {

// The C++ interface of gRPC can fetch certificates anew only from files that it watches itself,
// and takes what does not fit together. The C interface asks us at each new connection.
class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  explicit ReloadingCredentials(const Access* access) : access_(access) {
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            access->certificates()->client_authority == nullptr
                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY,
            Fetch, this));
  }
  ~ReloadingCredentials() override { grpc_server_credentials_release(credentials_); }

  // Calls are judged by Admission, which knows the peer.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<ReloadingCredentials*>(self)->Fetch(config);
  }
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config);

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  const Access* const access_;
  grpc_server_credentials* credentials_ = nullptr;
  std::mutex mutex_;
  std::shared_ptr<const Certificates> given_;
};

grpc_ssl_certificate_config_reload_status ReloadingCredentials::Fetch(
    grpc_ssl_server_certificate_config** config) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<const Certificates> now = access_->certificates();
  if (now == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair = {now->key_pem.c_str(), now->chain_pem.c_str()};
  *config = grpc_ssl_server_certificate_config_create(
      now->client_ca_pem.empty() ? nullptr : now->client_ca_pem.c_str(), &pair, 1);
  given_ = std::move(now);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Access* access) {
  return std::make_shared<ReloadingCredentials>(access);
}

}  // namespace tidemark::service
