#include "storage/schema_codec.h"

#include "absl/strings/str_cat.h"
#include "storage/folder.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::storage {
namespace {

std::shared_ptr<const model::Type> TypeOf(const v1::Type& stored) {
  auto type = std::make_shared<model::Type>();
  type->kind = static_cast<model::TypeKind>(stored.kind());
  type->name = stored.name();
  type->oid = stored.oid();
  type->modifier = stored.modifier();
  type->labels.assign(stored.labels().begin(), stored.labels().end());
  if (stored.has_element()) type->element = TypeOf(stored.element());
  for (const v1::Type::Field& field : stored.fields()) {
    type->fields.push_back({field.name(), TypeOf(field.type())});
  }
  return type;
}

model::Column ColumnOf(const v1::Column& stored) {
  model::Column column{stored.name(), TypeOf(stored.type()), stored.nullable(), stored.generated(),
                       std::nullopt};
  if (!stored.default_expression().empty()) {
    column.default_expression = stored.default_expression();
  }
  return column;
}

}  // namespace

std::string SchemaFrameOf(const model::TableSchema& schema, model::Sequence sequence) {
  model::Bytes frame;
  model::AppendSchemaFrame(frame, schema);
  model::SetSequence(frame.data(), sequence);
  return std::string(frame.view());
}

absl::StatusOr<std::shared_ptr<const model::TableSchema>> SchemaOfFrame(std::string_view frame) {
  model::FrameScanner scanner(frame);
  model::EventView event;
  v1::TableSchema stored;
  if (!scanner.Next(&event) || event.kind != model::EventKind::kSchema ||
      !stored.ParseFromArray(event.body.data(), static_cast<int>(event.body.size()))) {
    return absl::DataLossError(absl::StrCat("a stored schema cannot be read; ", kDamageRemedy));
  }
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = stored.id();
  schema->table_id = stored.table_id();
  schema->name_space = stored.namespace_();
  schema->name = stored.name();
  for (const v1::Column& column : stored.columns()) schema->columns.push_back(ColumnOf(column));
  schema->key_columns.assign(stored.key_columns().begin(), stored.key_columns().end());
  schema->catalog_current = stored.catalog_current();
  return schema;
}

}  // namespace tidemark::storage
