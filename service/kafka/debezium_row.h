#ifndef TIDEMARK_SERVICE_KAFKA_DEBEZIUM_ROW_H_
#define TIDEMARK_SERVICE_KAFKA_DEBEZIUM_ROW_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "service/kafka/change_view.h"
#include "service/kafka/connect_type.h"
#include "service/kafka/connect_writer.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// What a row is in its event. It decides what becomes of values that are not known.
enum class RowRole {
  // All is known.
  kKey,
  // The old row: what is not known is null or, in a column without nulls, its default.
  kBefore,
  // The new row: what the log did not carry is Debezium's mark, or an error.
  kAfter,
};

// How the rows of a table (or their keys) are written as structs of Kafka Connect, prepared once.
// Immutable, so thread-safe.
class RowForm {
 public:
  // `columns`: indexes into those of the schema, in the order of the rows' values.
  RowForm(const v1::TableSchema& schema, const std::vector<uint32_t>& columns, bool postgres,
          ConnectForm form = ConnectForm::kJson);

  // Names of columns that Debezium's connectors do not have in their rows.
  const std::vector<std::string>& left_out() const { return left_out_; }

  // The fields of the Connect schema as JSON, without the brackets around them.
  void AppendFields(std::string& out) const;

  // A serialized tidemark.v1.Row. DataLoss: malformed, or with a value that Debezium's form cannot
  // hold; then `out` has a part of it.
  absl::Status Append(std::string& out, RowRole role, std::string_view row) const;

  // The old row of which only the key is known. `key_places`: for each column, which value of `key`
  // is its own; -1: none.
  absl::Status AppendOfKey(std::string& out, std::string_view key,
                           const std::vector<int>& key_places) const;

 private:
  struct Column {
    std::string name;
    std::string type_name;
    std::string member;               // for ConnectWriter::Member
    std::optional<ConnectType> type;  // nullopt: left out
    bool nullable = true;
    bool optional = true;  // in the Connect schema
    std::string default_json;
    // In the rows' form: what stands for a value that is not known, for a zero date, and the mark
    // of a value that the log did not carry (empty: none).
    std::string absent;
    std::string zero_date;
    std::string unavailable;
  };

  void PrepareStandIns(Column& column) const;
  std::string StandIn(const Column& column, const std::string& json) const;
  absl::Status Write(ConnectWriter& out, RowRole role, std::string_view row) const;
  absl::Status WriteOfKey(ConnectWriter& out, const std::vector<ValueView>& key,
                          const std::vector<int>& key_places) const;
  absl::Status WriteMember(ConnectWriter& out, RowRole role, const Column& column,
                           const ValueView& value) const;
  absl::Status WriteUnavailable(ConnectWriter& out, RowRole role, const Column& column) const;
  absl::Status WriteNull(ConnectWriter& out, RowRole role, const Column& column) const;
  absl::Status Malformed() const;
  const char* FormName() const;

  ConnectForm form_;
  std::string table_;
  std::vector<Column> columns_;
  std::vector<std::string> left_out_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_DEBEZIUM_ROW_H_
