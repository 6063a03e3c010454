// How fast rows are taken out of binlog events, without server and encoding: rows per second of one
// core.

#include <benchmark/benchmark.h>
#include <zlib.h>

#include <string>

#include "capture/mysql/binlog_event.h"
#include "capture/mysql/row_image.h"
#include "tests/capture/mysql/event_builder.h"

namespace tidemark::capture::mysql {
namespace {

constexpr int kRowsPerEvent = 80;  // about 8 KiB, as servers write by default

// BIGINT, VARCHAR(100), DECIMAL(12,2), DATETIME(6), VARCHAR(200): rows of about 100 bytes.
TableMap Orders() {
  TableMap map;
  map.table_id = 77;
  for (const auto& [type, meta] : {std::pair{ColumnType::kLongLong, 0u},
                                   {ColumnType::kVarchar, 100u},
                                   {ColumnType::kNewDecimal, 12u << 8 | 2},
                                   {ColumnType::kDateTime2, 6u},
                                   {ColumnType::kVarchar, 200u}}) {
    map.columns.emplace_back();
    map.columns.back().type = type;
    map.columns.back().meta = meta;
  }
  return map;
}

std::string Row() {
  EventBuilder row;
  row.U8(0xe0).U64(1234567).ShortText("customer 1234567").Hex("800012d68732");
  return row.Hex("99b2443105000c0a").ShortText(std::string(60, 'x')).str();
}

std::string RowsEvent(bool update) {
  EventBuilder body;
  body.U48(77).U16(1).U16(2).U8(5).U8(0x1f);
  if (update) body.U8(0x1f);
  const std::string row = Row();
  for (int i = 0; i < kRowsPerEvent; ++i) body.Text(row).Text(update ? row : "");
  return WholeEvent(update ? EventType::kUpdateRows : EventType::kWriteRows, body.str(),
                    Checksum::kCrc32);
}

void ReadEvents(benchmark::State& state, bool update, bool checksum) {
  const std::string event = RowsEvent(update);
  const TableMap map = Orders();
  RowCells before, after;
  for (auto unused : state) {
    const auto header = ParseHeader(event);
    const auto body = EventBody(event, checksum ? Checksum::kCrc32 : Checksum::kNone);
    auto rows = RowsReader::Open(static_cast<uint8_t>(header->type),
                                 body->substr(0, body->size() - (checksum ? 0 : 4)), 6);
    if (!rows->SetTable(&map).ok()) return state.SkipWithError("no such table");
    while (!rows->done()) {
      if (!rows->Next(&before, &after).ok()) return state.SkipWithError("malformed");
      benchmark::DoNotOptimize(after.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * kRowsPerEvent);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(event.size()));
}

void BM_Inserts(benchmark::State& state) { ReadEvents(state, false, false); }
void BM_InsertsWithChecksum(benchmark::State& state) { ReadEvents(state, false, true); }
void BM_Updates(benchmark::State& state) { ReadEvents(state, true, false); }
void BM_UpdatesWithChecksum(benchmark::State& state) { ReadEvents(state, true, true); }
BENCHMARK(BM_Inserts);
BENCHMARK(BM_InsertsWithChecksum);
BENCHMARK(BM_Updates);
BENCHMARK(BM_UpdatesWithChecksum);

}  // namespace
}  // namespace tidemark::capture::mysql

BENCHMARK_MAIN();
