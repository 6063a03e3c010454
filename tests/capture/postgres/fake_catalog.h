#ifndef TIDEMARK_TESTS_CAPTURE_POSTGRES_FAKE_CATALOG_H_
#define TIDEMARK_TESTS_CAPTURE_POSTGRES_FAKE_CATALOG_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "capture/postgres/catalog.h"

namespace tidemark::capture::postgres {

inline std::shared_ptr<model::Type> MakeType(model::TypeKind kind, uint32_t oid, std::string name) {
  auto type = std::make_shared<model::Type>();
  type->kind = kind;
  type->oid = oid;
  type->name = std::move(name);
  return type;
}

// A catalog of tables and types that the test sets.
class FakeCatalog : public Catalog {
 public:
  absl::Status WaitForTransaction(uint32_t xid) override {
    if (auto committed = committing.extract(xid))
      tables[committed.mapped().oid] = committed.mapped();
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<CatalogTable>> DescribeTable(uint32_t oid) override {
    ++describe_count;
    if (!failure.ok()) return failure;
    auto found = tables.find(oid);
    if (found == tables.end()) return std::nullopt;
    return found->second;
  }
  absl::StatusOr<std::shared_ptr<const model::Type>> ResolveType(uint32_t oid,
                                                                 int32_t modifier) override {
    auto found = types.find(oid);
    auto type = found == types.end()
                    ? MakeType(model::TypeKind::kServerText, oid, "oid " + std::to_string(oid))
                    : std::make_shared<model::Type>(*found->second);
    type->modifier = modifier;
    return type;
  }

  int describe_count = 0;
  absl::Status failure;
  std::map<uint32_t, CatalogTable> tables;
  // What transactions made of a table that are in the log and not to be seen yet.
  std::map<uint32_t, CatalogTable> committing;
  std::map<uint32_t, std::shared_ptr<model::Type>> types = {
      {20, MakeType(model::TypeKind::kInteger, 20, "bigint")},
      {23, MakeType(model::TypeKind::kInteger, 23, "integer")},
      {25, MakeType(model::TypeKind::kText, 25, "text")},
      {1114, MakeType(model::TypeKind::kTimestamp, 1114, "timestamp without time zone")},
      {1700, MakeType(model::TypeKind::kDecimal, 1700, "numeric")}};
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_TESTS_CAPTURE_POSTGRES_FAKE_CATALOG_H_
