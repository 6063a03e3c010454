#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_WRITER_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::service::kafka {

// The forms in which Kafka Connect's converters write one and the same value.
enum class ConnectForm { kJson, kAvro };

// Appends a Connect value to `out` piece by piece; what walks the values does not know the form.
// The calls follow the Connect schema: a struct is BeginStruct, for each field Member and its
// value, EndStruct; an array has Item before each element; the value of what is optional is Null,
// or Present and the value. One thread at a time; `out` outlives it.
class ConnectWriter {
 public:
  explicit ConnectWriter(std::string& out) : out_(out) {}
  virtual ~ConnectWriter() = default;
  ConnectWriter(const ConnectWriter&) = delete;
  ConnectWriter& operator=(const ConnectWriter&) = delete;

  virtual void BeginStruct() = 0;
  // `name`: as it stands in JSON behind another member: ,"id":
  virtual void Member(std::string_view name) = 0;
  virtual void EndStruct() = 0;

  virtual void BeginArray(size_t count) = 0;
  virtual void Item() = 0;
  virtual void EndArray() = 0;
  // A map whose keys are strings: before each value its key.
  virtual void BeginMap(size_t count) = 0;
  virtual void Key(std::string_view key) = 0;
  virtual void EndMap() = 0;
  // An entry of any other map, which is an array of them: Item, key, Item, value.
  virtual void BeginEntry() = 0;
  virtual void EndEntry() = 0;

  virtual void Null() = 0;
  virtual void Present() = 0;
  // Instead of Present, where the field's default is not null.
  virtual void PresentByDefault() = 0;

  virtual void Boolean(bool value) = 0;
  virtual void Integer(int64_t value) = 0;
  virtual void Real(float value) = 0;
  virtual void Real(double value) = 0;
  // False: it is no UTF-8, and `out` may have a part of it.
  [[nodiscard]] virtual bool Text(std::string_view text) = 0;
  // Of a name or label that may be no UTF-8: such bytes become U+FFFD.
  virtual void Name(std::string_view text) = 0;
  virtual void Bytes(std::string_view bytes) = 0;
  // A text that needs no escapes is appended to out() between the two. REQUIRES: at most 63 bytes,
  // printable ASCII without quotes and backslashes. `mark`: what the first returned.
  virtual size_t BeginPlainText() = 0;
  virtual void EndPlainText(size_t mark) = 0;

  // What a writer of the same form wrote before.
  void Raw(std::string_view written) { out_ += written; }
  std::string& out() { return out_; }

 protected:
  std::string& out_;
};

// JsonConverter's.
class JsonWriter final : public ConnectWriter {
 public:
  using ConnectWriter::ConnectWriter;
  void BeginStruct() override { out_ += '{'; }
  void Member(std::string_view name) override {
    out_ += out_.back() == '{' ? name.substr(1) : name;
  }
  void EndStruct() override { out_ += '}'; }
  void BeginArray(size_t) override { out_ += '['; }
  void Item() override;
  void EndArray() override { out_ += ']'; }
  void BeginMap(size_t) override { out_ += '{'; }
  void Key(std::string_view key) override;
  void EndMap() override { out_ += '}'; }
  void BeginEntry() override { out_ += '['; }
  void EndEntry() override { out_ += ']'; }
  void Null() override { out_ += "null"; }
  void Present() override {}
  void PresentByDefault() override {}
  void Boolean(bool value) override { out_ += value ? "true" : "false"; }
  void Integer(int64_t value) override;
  void Real(float value) override;
  void Real(double value) override;
  bool Text(std::string_view text) override;
  void Name(std::string_view text) override;
  void Bytes(std::string_view bytes) override;
  size_t BeginPlainText() override;
  void EndPlainText(size_t mark) override;
};

// AvroConverter's: Avro's binary encoding (Avro 1.12, "Binary encoding"). Names are in the schema
// only; null is the first branch of its union, but where the default is something else.
class AvroWriter final : public ConnectWriter {
 public:
  using ConnectWriter::ConnectWriter;
  void BeginStruct() override {}
  void Member(std::string_view) override {}
  void EndStruct() override {}
  void BeginArray(size_t count) override { BeginBlock(count); }
  void Item() override {}
  void EndArray() override { out_ += '\0'; }
  void BeginMap(size_t count) override { BeginBlock(count); }
  void Key(std::string_view key) override { Bytes(key); }
  void EndMap() override { out_ += '\0'; }
  void BeginEntry() override {}
  void EndEntry() override {}
  void Null() override { out_ += '\0'; }
  void Present() override { out_ += '\2'; }
  void PresentByDefault() override { out_ += '\0'; }
  void Boolean(bool value) override { out_ += value ? '\1' : '\0'; }
  void Integer(int64_t value) override;
  void Real(float value) override;
  void Real(double value) override;
  bool Text(std::string_view text) override;
  void Name(std::string_view text) override;
  void Bytes(std::string_view bytes) override;
  size_t BeginPlainText() override;
  void EndPlainText(size_t mark) override;

 private:
  // All elements are one block, and an empty block ends it.
  void BeginBlock(size_t count);
};

// Calls write(ConnectWriter&) with a writer of the form, and returns what it returns.
template <typename Write>
auto WithWriter(ConnectForm form, std::string& out, Write write) {
  if (form == ConnectForm::kAvro) {
    AvroWriter writer(out);
    return write(static_cast<ConnectWriter&>(writer));
  }
  JsonWriter writer(out);
  return write(static_cast<ConnectWriter&>(writer));
}

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_WRITER_H_
