// How fast rows are taken off the wire and encoded, without server and disk: rows per second of one
// core.

#include <benchmark/benchmark.h>

#include "capture/postgres/chunk_encoder.h"
#include "capture/postgres/log_encoder.h"
#include "capture/postgres/schema_builder.h"
#include "capture/schema_registry.h"
#include "tests/capture/postgres/fake_catalog.h"
#include "tests/capture/postgres/message_builder.h"

namespace tidemark::capture::postgres {
namespace {

constexpr uint32_t kTable = 16400;
constexpr int kRows = 1000;

CatalogTable Orders() {
  CatalogTable table;
  table.oid = kTable;
  table.name_space = "public";
  table.name = "orders";
  table.columns = {{"id", 20, -1, false, false, {}},
                   {"customer", 25, -1, true, false, {}},
                   {"total", 1700, -1, true, false, {}},
                   {"placed", 1114, -1, true, false, {}},
                   {"note", 25, -1, true, false, {}}};
  table.key = {"id"};
  return table;
}

void BM_RowsOfAChunk(benchmark::State& state) {
  FakeCatalog catalog;
  SchemaRegistry registry({});
  auto schema = registry.Resolve(*SchemaFromCatalog(Orders(), catalog));
  const std::string line =
      "1234567\tcustomer 1234567\t1851850.50\t2026-11-22 "
      "12:34:56.789012\txxxxxxxxxxxxxxxxxxxxxxxxx\n";
  for (auto unused : state) {
    ChunkEncoder encoder(schema, 1, 2);
    for (int i = 0; i < kRows; ++i) benchmark::DoNotOptimize(encoder.AddRow(line));
    benchmark::DoNotOptimize(encoder.Finish());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_RowsOfAChunk);

void BM_RowsOfTheLog(benchmark::State& state) {
  FakeCatalog catalog;
  catalog.tables[kTable] = Orders();
  SchemaRegistry registry({});
  LogEncoder encoder(ResumeToken{}, {}, &catalog, &registry);
  RelationMessage relation;
  relation.oid = kTable;
  relation.name_space = "public";
  relation.name = "orders";
  relation.replica_identity = 'd';
  for (const CatalogColumn& column : Orders().columns) {
    relation.columns.push_back({column.name == "id", column.name, column.type_oid, -1});
  }
  const std::string description = Relation(relation);
  const std::string row = Insert(kTable, {"1234567", "customer 1234567", "1851850.50",
                                          "2026-11-22 12:34:56.789012", std::string(25, 'x')});
  auto consume = [&](const std::string& message) {
    benchmark::DoNotOptimize(encoder.Consume({.message = message}, 1));
  };
  Lsn lsn = 1000;
  for (auto unused : state) {
    consume(Begin(lsn, 7));
    consume(description);
    for (int i = 0; i < kRows; ++i) consume(row);
    consume(Commit(lsn, lsn + 100));
    lsn += 200;
    benchmark::DoNotOptimize(encoder.Take());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_RowsOfTheLog);

}  // namespace
}  // namespace tidemark::capture::postgres

BENCHMARK_MAIN();
