#include "service/access_config.h"

#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tidemark::service {

void AccessConfigReader::Read(const YamlMap& map, bool is_local, const ListenerWords& words,
                              AccessOptions* options, std::vector<std::string>* warnings) {
  options->listener = words.name;
  ReadTls(map, options, warnings);
  ReadTokens(map, options, warnings);
  const bool insecure = map.Boolean("insecure").value_or(false);
  if (insecure && options->tls) {
    map.Error("insecure", "stands beside tls; expected one of them: take `insecure` out");
  }
  if (is_local) return;
  if (!insecure && !options->tls) {
    map.Error("listen", absl::StrCat("other machines can reach this address, which takes TLS; "
                                     "expected tls: {cert: FILE, key: FILE} too, or a loopback "
                                     "address such as ",
                                     words.loopback, ", or, where the network is trusted with ",
                                     words.shows, ", `insecure: true`"));
  }
  const bool asks = !options->token_file.empty() || (options->tls && options->tls->client_ca != "");
  if (!asks && words.open_to_all[0] != '\0') {
    warnings->push_back(absl::StrCat("whoever reaches the port may ", words.open_to_all,
                                     "; ask for certificates (tls.client_ca) or tokens "
                                     "(tokens.file)"));
  }
  if (insecure && !options->token_file.empty()) {
    warnings->push_back(absl::StrCat(map.Path("insecure"), ": tokens and ", words.shows,
                                     " travel in clear text over the network; set tls instead"));
  }
}

void AccessConfigReader::ReadTls(const YamlMap& parent, AccessOptions* options,
                                 std::vector<std::string>* warnings) {
  const std::optional<YAML::Node> node = parent.Find("tls");
  if (!node) return;
  YamlMap map(*node, parent.Path("tls"), {"cert", "key", "client_ca"}, errors_);
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

void AccessConfigReader::ReadTokens(const YamlMap& parent, AccessOptions* options,
                                    std::vector<std::string>* warnings) {
  const std::optional<YAML::Node> node = parent.Find("tokens");
  if (!node) return;
  YamlMap map(*node, parent.Path("tokens"), {"file"}, errors_);
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
