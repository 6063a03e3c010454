// TableTransform under libFuzzer: each input is a change, under rules of every kind. No input may
// crash, hang, or read behind its end; what is refused leaves nothing, and what is not has the form
// of its schema.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "service/kafka/change_view.h"
#include "service/kafka/table_transform.h"

namespace tidemark::service::kafka {
namespace {

// Columns c0 to c4 of text; the key is c4 and c0.
v1::TableSchema Table() {
  v1::TableSchema schema;
  schema.set_id(3);
  schema.set_namespace_("shop");
  schema.set_name("orders");
  for (const char* name : {"c0", "c1", "c2", "c3", "c4"}) {
    v1::Column* column = schema.add_columns();
    column->set_name(name);
    column->mutable_type()->set_kind(v1::TYPE_KIND_TEXT);
  }
  schema.add_key_columns(4);
  schema.add_key_columns(0);
  return schema;
}

TableTransform Prepared() {
  TransformOptions options;
  options.hash = {"c0"};
  options.hash_salt = "salt";
  options.exclude = {"c1"};
  options.mask = {"c2"};
  options.truncate = {{"c3", 2}};
  absl::StatusOr<TableTransform> transform = TableTransform::Prepare(Table(), options);
  if (!transform.ok()) std::abort();
  return *std::move(transform);
}

void RequireCount(const std::optional<std::string_view>& row, int columns) {
  if (!row.has_value()) return;
  ValuesReader reader(*row);
  int count = 0;
  for (ValueView value; reader.Next(&value);) ++count;
  if (count != columns || reader.malformed()) std::abort();
}

void One(std::string_view input) {
  static TableTransform transform = Prepared();
  std::string out = "kept";
  if (!transform.Apply(input, out).ok()) {
    if (out != "kept") std::abort();
    return;
  }
  ChangeView change;
  if (!ReadChange(std::string_view(out).substr(4), &change)) std::abort();
  RequireCount(change.key, transform.schema().key_columns_size());
  RequireCount(change.before, transform.schema().columns_size());
  RequireCount(change.after, transform.schema().columns_size());
}

}  // namespace
}  // namespace tidemark::service::kafka

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidemark::service::kafka::One({reinterpret_cast<const char*>(data), size});
  return 0;
}
