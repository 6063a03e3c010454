#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CATALOG_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CATALOG_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"

namespace tidemark::capture::postgres {

// SQL in parentheses, of one column: the oid that `root` stands for and those of all partitions
// below it. It reads catalogs only: the server's pg_partition_tree would wait for whoever holds a
// lock on one of them.
std::string PartitionTree(absl::string_view root);

enum class PublicationState {
  kExisting,
  // There is none yet: any table is described as one of ours would carry it (CreatePublicationSql).
  kPlanned,
};

// The catalog over an SQL session, in whatever transaction the session is in. Types of the server
// itself are cached for ever, those of users until the next DescribeTable (labels and fields may
// change without a new oid). One thread owns it.
class PostgresCatalog : public Catalog {
 public:
  // `connection` must outlive it.
  PostgresCatalog(Connection* connection, std::string publication,
                  PublicationState state = PublicationState::kExisting)
      : connection_(connection), publication_(std::move(publication)), state_(state) {}

  absl::Status WaitForTransaction(uint32_t xid) override;
  absl::StatusOr<std::optional<CatalogTable>> DescribeTable(uint32_t oid) override;
  absl::StatusOr<std::shared_ptr<const model::Type>> ResolveType(uint32_t oid,
                                                                 int32_t modifier) override;

 private:
  using TypePtr = std::shared_ptr<const model::Type>;
  using TypeKey = std::pair<uint32_t, int32_t>;

  absl::StatusOr<TypePtr> LoadType(uint32_t oid, int32_t modifier, int depth);
  absl::StatusOr<TypePtr> Resolve(uint32_t oid, int32_t modifier, int depth);
  absl::Status LoadShape(const Result& row, int depth, model::Type* type);
  absl::Status LoadLabels(model::Type* type);
  absl::Status LoadFields(const std::string& relation, int depth, model::Type* type);
  absl::Status CopyBase(const Result& row, int depth, model::Type* type);

  Connection* connection_;
  const std::string publication_;
  const PublicationState state_;
  std::map<TypeKey, TypePtr> builtin_;
  std::map<TypeKey, TypePtr> users_;
};

// Kind of a type that is built into the server, by its oid (src/include/catalog/pg_type.dat).
model::TypeKind BuiltinKind(uint32_t oid);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CATALOG_H_
