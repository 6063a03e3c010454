#include "service/kafka/protobuf_format.h"

#include "model/wire.h"
#include "service/kafka/change_view.h"

namespace tidemark::service::kafka {
namespace {

// Fields of tidemark.v1.Event.
constexpr uint32_t kSequence = 1;
constexpr uint32_t kChange = 2;

class ProtobufTable final : public TableEncoder {
 public:
  explicit ProtobufTable(const v1::TableSchema& schema) : has_key_(schema.key_columns_size() > 0) {}

  bool Writes(model::Op /*op*/) const override { return true; }
  bool HasKey(model::Op op) const override { return has_key_ && op != model::Op::kTruncate; }

  absl::Status AppendKey(std::string& out, std::string_view change) const override {
    ChangeView view;
    if (!ReadChange(change, &view) || !view.key) {
      return absl::DataLossError("a change in the journal has no key where its table has one");
    }
    out.append(*view.key);
    return absl::OkStatus();
  }

  absl::Status AppendValue(std::string& out, std::string_view change) const override {
    char head[16];
    char* end =
        model::WriteVarint(model::WriteTag(head, kChange, model::WireType::kLength), change.size());
    out.append(head, end).append(change);
    return absl::OkStatus();
  }

  void AppendSequence(std::string& out, model::Sequence sequence) const override {
    char field[16];
    char* end =
        model::WriteFixed64(model::WriteTag(field, kSequence, model::WireType::kFixed64), sequence);
    out.append(field, end);
  }

  const std::vector<std::string>& left_out() const override { return left_out_; }

 private:
  const bool has_key_;
  const std::vector<std::string> left_out_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TableEncoder>> ProtobufFormat::Prepare(
    const v1::TableSchema& schema, const std::string& /*topic*/) {
  return std::make_unique<ProtobufTable>(schema);
}

}  // namespace tidemark::service::kafka
