#include "service/kafka/schema_registry.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidemark::service::kafka {
namespace {

using Json = nlohmann::json;

// Error codes of the registry's answers (io.confluent.kafka.schemaregistry.rest.exceptions.Errors).
constexpr int64_t kSubjectNotFound = 40401, kVersionNotFound = 40402;

// Of an answer; discarded() if it is no JSON.
Json Parse(const HttpAnswer& answer) {
  return Json::parse(answer.body, /*cb=*/nullptr, /*allow_exceptions=*/false);
}

std::optional<int64_t> NumberOf(const Json& answer, const char* name) {
  if (!answer.is_object()) return std::nullopt;
  const auto member = answer.find(name);
  if (member == answer.end() || !member->is_number_integer()) return std::nullopt;
  return member->get<int64_t>();
}

std::string TextOf(const Json& answer, const char* name) {
  if (!answer.is_object()) return "";
  const auto member = answer.find(name);
  return member == answer.end() || !member->is_string() ? "" : member->get<std::string>();
}

// What the registry says, in its own words.
std::string WordsOf(const HttpAnswer& answer) {
  const std::string message = TextOf(Parse(answer), "message");
  return message.empty() ? absl::StrCat("HTTP status ", answer.code) : message;
}

std::string Of(const SchemaSubject& subject) {
  return absl::StrCat("subject ", subject.name, " of table ", subject.table);
}

std::string BodyOf(const Schema& schema) {
  Json body = {{"schema", schema.text}};
  if (schema.type != "AVRO") body["schemaType"] = schema.type;  // old registries know no other
  for (const SchemaReference& reference : schema.references) {
    body["references"].push_back(
        {{"name", reference.name}, {"subject", reference.subject}, {"version", reference.version}});
  }
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string UnderSubject(const SchemaSubject& subject) {
  return absl::StrCat("/subjects/", PathPart(subject.name));
}

std::string WithoutSlash(const std::string& url) {
  return absl::EndsWith(url, "/") ? url.substr(0, url.size() - 1) : url;
}

absl::Status Denied(const SchemaSubject& subject, const HttpAnswer& answer) {
  return absl::PermissionDeniedError(absl::StrCat(
      "the schema registry does not let Tidemark use ", Of(subject), " (", WordsOf(answer),
      "); give it a user and password that may read and write the subject"));
}

absl::Status NotAnswered(const SchemaSubject& subject, const std::vector<std::string>& causes) {
  return absl::UnavailableError(absl::StrCat("no schema registry answers for ", Of(subject), ": ",
                                             absl::StrJoin(causes, "; ")));
}

absl::Status NoRegistry(const SchemaSubject& subject, const HttpAnswer& answer) {
  return absl::FailedPreconditionError(absl::StrCat(
      "what was asked for ", Of(subject), " does not answer as a schema registry does (",
      WordsOf(answer), "); check the registry's URL, its path included"));
}

// It may be able to later, or another one may.
bool CannotNow(const HttpAnswer& answer) { return answer.code >= 500 || answer.code == 429; }

}  // namespace

absl::StatusOr<HttpAnswer> SchemaRegistry::Ask(const SchemaSubject& subject,
                                               const std::string& path, const std::string& body) {
  std::vector<std::string> causes;
  for (size_t tried = 0; tried < options_.urls.size(); ++tried) {
    const size_t index = (answering_ + tried) % options_.urls.size();
    const std::string url = WithoutSlash(options_.urls[index]);
    absl::StatusOr<HttpAnswer> answer =
        SendHttp({.url = url + path, .body = body}, options_, stop_);
    if (answer.ok() && !CannotNow(*answer)) {
      answering_ = index;
      if (answer->code == 401 || answer->code == 403) return Denied(subject, *answer);
      return answer;
    }
    if (absl::IsCancelled(answer.status())) return answer.status();
    const std::string cause =
        absl::StrCat(ShownUrl(url), ": ",
                     answer.ok() ? WordsOf(*answer) : std::string(answer.status().message()));
    if (absl::IsFailedPrecondition(answer.status())) return absl::FailedPreconditionError(cause);
    causes.push_back(cause);
  }
  return NotAnswered(subject, causes);
}

absl::StatusOr<int32_t> SchemaRegistry::Register(const SchemaSubject& subject,
                                                 const Schema& schema) {
  const std::string known = absl::StrCat(subject.name, " ", schema.type, " ", schema.text);
  const auto found = ids_.find(known);
  if (found != ids_.end()) return found->second;
  const absl::StatusOr<HttpAnswer> answer =
      Ask(subject, UnderSubject(subject) + "/versions", BodyOf(schema));
  if (!answer.ok()) return answer.status();
  if (answer->code != 200) return Refused(subject, schema, *answer);
  const std::optional<int64_t> id = NumberOf(Parse(*answer), "id");
  if (!id.has_value()) return NoRegistry(subject, *answer);
  return ids_[known] = static_cast<int32_t>(*id);
}

absl::Status SchemaRegistry::Refused(const SchemaSubject& subject, const Schema& schema,
                                     const HttpAnswer& answer) {
  const std::string words = WordsOf(answer);
  if (answer.code == 409) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the schema registry finds the new schema for ", Of(subject),
        " incompatible with the earlier ones: ", words, WhyIncompatible(subject, schema),
        "; set the subject's compatibility to a level that allows the change (NONE allows any), "
        "or send the table to another topic"));
  }
  if (answer.code == 422) {
    return absl::FailedPreconditionError(
        absl::StrCat("the schema registry refuses the schema for ", Of(subject), ": ", words,
                     "; write the topic in another format, or leave out what it names"));
  }
  return NoRegistry(subject, answer);
}

// What it says when it is asked in detail; some say more when they refuse, others here.
std::string SchemaRegistry::WhyIncompatible(const SchemaSubject& subject, const Schema& schema) {
  const absl::StatusOr<HttpAnswer> answer =
      Ask(subject,
          absl::StrCat("/compatibility", UnderSubject(subject), "/versions/latest?verbose=true"),
          BodyOf(schema));
  if (!answer.ok()) return "";
  const Json parsed = Parse(*answer);
  std::string words;
  if (!parsed.is_object() || !parsed.contains("messages")) return words;
  for (const Json& message : parsed["messages"]) {
    if (message.is_string()) absl::StrAppend(&words, ", ", message.get<std::string>());
  }
  return words;
}

absl::StatusOr<int> SchemaRegistry::VersionOf(const SchemaSubject& subject, const Schema& schema) {
  const absl::StatusOr<HttpAnswer> answer = Ask(subject, UnderSubject(subject), BodyOf(schema));
  if (!answer.ok()) return answer.status();
  const std::optional<int64_t> version = NumberOf(Parse(*answer), "version");
  if (answer->code != 200 || !version.has_value()) return NoRegistry(subject, *answer);
  return static_cast<int>(*version);
}

absl::StatusOr<std::optional<RegisteredSchema>> SchemaRegistry::Latest(
    const SchemaSubject& subject) {
  const absl::StatusOr<HttpAnswer> answer =
      Ask(subject, UnderSubject(subject) + "/versions/latest", "");
  if (!answer.ok()) return answer.status();
  const Json parsed = Parse(*answer);
  const std::optional<int64_t> error = NumberOf(parsed, "error_code");
  if (error == kSubjectNotFound || error == kVersionNotFound) return std::nullopt;
  const std::optional<int64_t> version = NumberOf(parsed, "version");
  if (answer->code != 200 || !version.has_value()) return NoRegistry(subject, *answer);
  return RegisteredSchema{static_cast<int>(*version), TextOf(parsed, "schema")};
}

void AppendSchemaId(std::string& out, int32_t id) {
  out += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<uint32_t>(id) >> shift & 0xff);
  }
}

}  // namespace tidemark::service::kafka
