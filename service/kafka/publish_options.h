#ifndef TIDEMARK_SERVICE_KAFKA_PUBLISH_OPTIONS_H_
#define TIDEMARK_SERVICE_KAFKA_PUBLISH_OPTIONS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::service::kafka {

// Names and values as Kafka's clients and brokers take them.
using Settings = std::vector<std::pair<std::string, std::string>>;

// How to reach the brokers: librdkafka's properties, those of `properties:` in the configuration
// among them.
struct ClusterOptions {
  // bootstrap.servers
  std::string brokers;
  // Security and what the operator passes through; in the order in which they are set.
  Settings properties;
};

// A schema registry that speaks Confluent's protocol.
struct RegistryOptions {
  // "http://127.0.0.1:8081"; several: the next is asked when one does not answer.
  std::vector<std::string> urls;
  // Basic authentication; empty: none.
  std::string user;
  std::string password;
  // PEM files; empty: the system's authorities, no client certificate.
  std::string ca;
  std::string cert;
  std::string key;
};

enum class Format {
  // A tidemark.v1.Event with its change; its schema is in the schema topic.
  kProtobuf,
  // Debezium's envelope in JSON, with and without the schema in each record.
  kDebeziumJson,
  kDebeziumJsonBare,
  // With schemas of their own in a registry.
  kAvro,
  kRegistryProtobuf,
};

// What becomes of the rows of some tables before they are encoded.
struct TransformOptions {
  // Extended regular expression over the whole of "schema.table" (MySQL: "database.table").
  std::string tables;
  // Regular expressions over whole column names. `include` empty: all. Key columns stay.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  // Values become a text of asterisks of this length (null stays null), ...
  std::vector<std::string> mask;
  uint32_t mask_length = 8;
  // ... or the HMAC-SHA-256 of their text with the salt, in lower case hexadecimal, ...
  std::vector<std::string> hash;
  std::string hash_salt;
  // ... or at most so many characters.
  std::vector<std::pair<std::string, uint32_t>> truncate;
  // The topic's template instead of the source's; empty: not changed.
  std::string topic;
};

// Sends many tables to one topic.
struct Route {
  // Extended regular expression over the whole of "schema.table".
  std::string tables;
  // A template; {1} to {9}: what the groups matched.
  std::string topic;
};

// What becomes of a record that is larger than the broker takes.
enum class Oversize { kStop, kDeadLetter };

// How one source is published: `publish:` in the configuration.
struct PublishOptions {
  Format format = Format::kProtobuf;
  // {source}, {schema} (MySQL: the database), {database} (PostgreSQL's), {table}.
  std::string topic = "{source}.{schema}.{table}";
  // The first that matches.
  std::vector<Route> routes;
  // The first that matches a table.
  std::vector<TransformOptions> transforms;

  // Of topics that are created. 0: the broker's default.
  int32_t partitions = 0;
  int16_t replication = 0;
  Settings topic_settings;

  // After each delete a record with its key and no value. Left out in the configuration: where the
  // format is Debezium's.
  bool tombstones = false;
  // TRUNCATE is written, to every partition of its topic. Without: left out. Left out in the
  // configuration: where the format is not Debezium's.
  bool truncates = true;
  // Topics of what is no change of a row; empty: none.
  std::string transaction_topic;  // ends of transactions, marks of snapshots
  std::string schema_topic;       // compacted
  std::string message_topic;      // logical messages

  Oversize oversize = Oversize::kStop;
  std::string dead_letter_topic;

  std::string transactional_id;
  std::string checkpoint_topic;
  // The source is told that it may drop its log when Kafka has it (true) or when the journal has
  // it.
  bool acknowledge_after_kafka = true;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PUBLISH_OPTIONS_H_
