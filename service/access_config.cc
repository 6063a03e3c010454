#include "service/access_config.h"

#include <optional>
#include <string_view>

#include "absl/time/clock.h"

namespace tidemark::service {

void AccessConfigReader::Read(const YamlMap& top, bool is_local, AccessOptions* options,
                              std::vector<std::string>* warnings) {
  ReadTls(top, options, warnings);
  ReadTokens(top, options, warnings);
  const bool insecure = top.Boolean("insecure").value_or(false);
  if (insecure && options->tls) {
    top.Error("insecure", "stands beside tls; expected one of them: take `insecure` out");
  }
  if (is_local) return;
  CheckReach(top, insecure, *options);
  const bool asks = !options->token_file.empty() || (options->tls && options->tls->client_ca != "");
  if (!asks) {
    warnings->push_back(
        "whoever reaches the port may read every source and drive its snapshots; ask for "
        "certificates (tls.client_ca) or tokens (tokens.file)");
  }
  if (insecure && !options->token_file.empty()) {
    warnings->push_back(
        "insecure: tokens and rows travel in clear text over the network; set tls instead");
  }
}

void AccessConfigReader::CheckReach(const YamlMap& top, bool insecure,
                                    const AccessOptions& options) {
  if (insecure || options.tls) return;
  top.Error("listen",
            "other machines can reach this address, which takes TLS; expected tls: {cert: FILE, "
            "key: FILE} too, or a loopback address such as 127.0.0.1:7654, or, where the network "
            "is trusted with every row, insecure: true");
}

void AccessConfigReader::ReadTls(const YamlMap& top, AccessOptions* options,
                                 std::vector<std::string>* warnings) {
  const std::optional<YAML::Node> node = top.Find("tls");
  if (!node) return;
  YamlMap map(*node, "tls", {"cert", "key", "client_ca"}, errors_);
  CertificateFiles& files = options->tls.emplace();
  if (!node->IsMap()) return;
  auto read = [&](std::string_view key, std::string* file) {
    if (auto path = map.Scalar(key, "the path of a PEM file")) *file = files_->Resolve(path->text);
  };
  map.Require("cert", "the server's certificate, a PEM file");
  map.Require("key", "the key of the certificate, a PEM file");
  read("cert", &files.cert);
  read("key", &files.key);
  read("client_ca", &files.client_ca);
  if (files.cert.empty() || files.key.empty()) return;
  std::vector<FileProblem> problems;
  LoadCertificates(files, absl::Now(), &problems);
  Report(map, problems, warnings);
}

void AccessConfigReader::ReadTokens(const YamlMap& top, AccessOptions* options,
                                    std::vector<std::string>* warnings) {
  const std::optional<YAML::Node> node = top.Find("tokens");
  if (!node) return;
  YamlMap map(*node, "tokens", {"file"}, errors_);
  if (!node->IsMap()) return;
  map.Require("file", "the path of a file with one token a line");
  const std::optional<YamlScalar> file = map.Scalar("file", "the path of a file");
  if (!file) return;
  options->token_file = files_->Resolve(file->text);
  std::vector<FileProblem> problems;
  Tokens::Load(options->token_file, &problems);
  Report(map, problems, warnings);
}

void AccessConfigReader::Report(const YamlMap& map, const std::vector<FileProblem>& problems,
                                std::vector<std::string>* warnings) {
  for (const FileProblem& problem : problems) {
    if (problem.is_error) {
      map.Error(problem.key, problem.message);
    } else {
      warnings->push_back(problem.message);
    }
  }
}

}  // namespace tidemark::service
