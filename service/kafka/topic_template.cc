#include "service/kafka/topic_template.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {
namespace {

bool IsTopicCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

absl::Status TemplateError(std::string_view text, std::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", std::string(text), "\" is no topic's template: ", std::string(reason)));
}

}  // namespace

absl::StatusOr<TopicTemplate> TopicTemplate::Parse(std::string_view text, int groups,
                                                   bool has_database) {
  if (text.empty()) return TemplateError(text, "it is empty");
  TopicTemplate parsed;
  parsed.text_ = text;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '}') return TemplateError(text, "a } has no { before it");
    if (text[at] != '{') {
      const size_t end = std::min(text.find_first_of("{}", at), text.size());
      parsed.pieces_.push_back({Place::kText, std::string(text.substr(at, end - at)), 0});
      at = end;
      continue;
    }
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) return TemplateError(text, "a { has no } after it");
    absl::StatusOr<Piece> piece =
        ParsePlace(text.substr(at + 1, end - at - 1), text, groups, has_database);
    if (!piece.ok()) return piece.status();
    parsed.pieces_.push_back(*std::move(piece));
    at = end + 1;
  }
  return parsed;
}

absl::StatusOr<TopicTemplate::Piece> TopicTemplate::ParsePlace(std::string_view name,
                                                               std::string_view text, int groups,
                                                               bool has_database) {
  if (name == "source") return Piece{Place::kSource, "", 0};
  if (name == "schema") return Piece{Place::kSchema, "", 0};
  if (name == "table") return Piece{Place::kTable, "", 0};
  if (name == "database") {
    if (has_database) return Piece{Place::kDatabase, "", 0};
    return TemplateError(text, "{database} is PostgreSQL's; MySQL's database is {schema}");
  }
  if (name.size() == 1 && name[0] >= '1' && name[0] <= '9') {
    const int group = name[0] - '0';
    if (group <= groups) return Piece{Place::kGroup, "", static_cast<size_t>(group - 1)};
    return TemplateError(text, absl::StrCat("{", group, "} is no group of its `tables`, which has ",
                                            groups, "; groups are in ( )"));
  }
  return TemplateError(text, absl::StrCat("{", std::string(name),
                                          "} is unknown; expected {source}, {schema}, {database}, "
                                          "{table}, or {1} to {9} beside a pattern with groups"));
}

std::string_view TopicTemplate::ValueOf(const Piece& piece, const TopicParts& parts) {
  switch (piece.place) {
    case Place::kText:
      return piece.text;
    case Place::kSource:
      return parts.source;
    case Place::kSchema:
      return parts.schema;
    case Place::kDatabase:
      return parts.database;
    case Place::kTable:
      return parts.table;
    case Place::kGroup:
      break;
  }
  return piece.group < parts.groups.size() ? std::string_view(parts.groups[piece.group])
                                           : std::string_view();
}

std::string TopicTemplate::Expand(const TopicParts& parts) const {
  std::string out;
  for (const Piece& piece : pieces_) out += ValueOf(piece, parts);
  return out;
}

std::string TopicTemplate::PlaceValues(const TopicParts& parts) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (piece.place == Place::kText) continue;
    const std::string_view value = ValueOf(piece, parts);
    absl::StrAppend(&out, value.size(), ":", std::string(value));
  }
  return out;
}

std::string TopicNameOf(std::string_view text) {
  std::string name;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte & 0xc0) == 0x80) continue;  // goes on with the character before it
    name += IsTopicCharacter(c) ? c : '_';
    if (byte >= 0xf0) name += '_';
  }
  if (name == "." || name == "..") name.assign(name.size(), '_');
  if (name.size() > kTopicNameMax) name.resize(kTopicNameMax);
  return name;
}

bool IsTopicName(std::string_view text) { return !text.empty() && TopicNameOf(text) == text; }

}  // namespace tidemark::service::kafka
