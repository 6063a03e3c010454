#include "service/cli/channel.h"

#include <grpc/support/log.h>
#include <grpcpp/support/client_interceptor.h>

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/config.h"
#include "service/config_files.h"

namespace tidemark::service {
namespace {

namespace experimental = grpc::experimental;

class TokenSender final : public experimental::Interceptor {
 public:
  explicit TokenSender(const std::string& header) : header_(header) {}
  void Intercept(experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            experimental::InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->insert({"authorization", header_});
    }
    methods->Proceed();
  }

 private:
  const std::string& header_;
};

class TokenSenders final : public experimental::ClientInterceptorFactoryInterface {
 public:
  explicit TokenSenders(const std::string& token) : header_("Bearer " + token) {}
  experimental::Interceptor* CreateClientInterceptor(experimental::ClientRpcInfo*) override {
    return new TokenSender(header_);
  }

 private:
  const std::string header_;
};

// gRPC writes what fails to standard error, which the command says itself.
void QuietGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

absl::Status ReadPem(const char* option, const std::string& file, std::string* pem) {
  if (file.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> read = ReadConfigFile(file);
  if (!read.ok()) {
    return absl::Status(read.status().code(),
                        absl::StrCat(option, ": expected a PEM file: ", read.status().message()));
  }
  *pem = *std::move(read);
  if (!pem->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": expected a PEM file, ", file, " is empty"));
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const ServerAddress& address) {
  if (!address.UsesTls()) return grpc::InsecureChannelCredentials();
  if (address.cert.empty() != address.key.empty()) {
    return absl::InvalidArgumentError("expected both --tls-cert and --tls-key, or neither");
  }
  grpc::SslCredentialsOptions options;
  absl::Status read = ReadPem("--tls-ca", address.ca, &options.pem_root_certs);
  read.Update(ReadPem("--tls-cert", address.cert, &options.pem_cert_chain));
  read.Update(ReadPem("--tls-key", address.key, &options.pem_private_key));
  if (!read.ok()) return read;
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::string> ReadToken(const ServerAddress& address) {
  if (address.token_file.empty()) return "";
  if (!address.UsesTls() && !IsLocalAddress(address.server)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token-file: the token would travel in clear text to ", address.server,
                     "; use TLS (--tls, or --tls-ca FILE)"));
  }
  absl::StatusOr<std::string> read = ReadConfigFile(address.token_file);
  if (!read.ok()) {
    return absl::Status(read.status().code(), absl::StrCat("--token-file: expected a file with the "
                                                           "token: ",
                                                           read.status().message()));
  }
  std::string line = read->substr(0, read->find('\n'));
  absl::StripAsciiWhitespace(&line);
  if (!line.empty()) return line;
  return absl::InvalidArgumentError(
      absl::StrCat("--token-file: expected the token in the first "
                   "line of ",
                   address.token_file));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ServerAddress& address) {
  QuietGrpc();
  auto credentials = MakeCredentials(address);
  if (!credentials.ok()) return credentials.status();
  absl::StatusOr<std::string> token = ReadToken(address);
  if (!token.ok()) return token.status();
  grpc::ChannelArguments arguments;
  // Events larger than gRPC's 4 MiB come alone in a response.
  arguments.SetMaxReceiveMessageSize(-1);
  if (!address.server_name.empty()) arguments.SetSslTargetNameOverride(address.server_name);
  std::vector<std::unique_ptr<experimental::ClientInterceptorFactoryInterface>> senders;
  if (!token->empty()) senders.push_back(std::make_unique<TokenSenders>(*token));
  return experimental::CreateCustomChannelWithInterceptors(address.server, *credentials, arguments,
                                                           std::move(senders));
}

}  // namespace tidemark::service
