#ifndef TIDEMARK_SERVICE_KAFKA_TOPIC_TEMPLATE_H_
#define TIDEMARK_SERVICE_KAFKA_TOPIC_TEMPLATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tidemark::service::kafka {

// Kafka's limit for the name of a topic, in characters (all of them are ASCII).
inline constexpr size_t kTopicNameMax = 249;

// What the places of a template stand for, for one table.
struct TopicParts {
  std::string_view source;
  std::string_view schema;
  std::string_view database;
  std::string_view table;
  // Of the pattern that the table's name matched.
  std::vector<std::string> groups;
};

// "{source}.{schema}.{table}": text with places. Immutable, so thread-safe.
class TopicTemplate {
 public:
  // `groups`: how many the pattern beside it has, so that {1} to {9} can be used as far.
  // `has_database`: false at MySQL, where the database is the {schema}. InvalidArgument: an unknown
  // place, a brace without its other, or text that is empty.
  static absl::StatusOr<TopicTemplate> Parse(std::string_view text, int groups, bool has_database);

  const std::string& text() const { return text_; }
  std::string Expand(const TopicParts& parts) const;
  // What was put into the places, each with its length, so that no two lists look alike.
  std::string PlaceValues(const TopicParts& parts) const;

 private:
  enum class Place : uint8_t { kText, kSource, kSchema, kDatabase, kTable, kGroup };
  struct Piece {
    Place place = Place::kText;
    std::string text;  // kText
    size_t group = 0;  // kGroup, from 0
  };

  static absl::StatusOr<Piece> ParsePlace(std::string_view name, std::string_view text, int groups,
                                          bool has_database);
  static std::string_view ValueOf(const Piece& piece, const TopicParts& parts);

  std::string text_;
  std::vector<Piece> pieces_;
};

// A name that Kafka takes: every other character than [a-zA-Z0-9._-] becomes "_", one above U+FFFF
// two of them (as in Java, whose characters are UTF-16's units), and so do "." and ".."; what is
// longer than kTopicNameMax is cut.
std::string TopicNameOf(std::string_view text);
// True: Kafka takes it as it is.
bool IsTopicName(std::string_view text);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TOPIC_TEMPLATE_H_
