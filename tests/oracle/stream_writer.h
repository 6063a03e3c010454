#ifndef TIDEMARK_TESTS_ORACLE_STREAM_WRITER_H_
#define TIDEMARK_TESTS_ORACLE_STREAM_WRITER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <string>

#include "google/protobuf/text_format.h"
#include "tests/oracle/fold.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// Writes a stream of one table, public.t (id, note, version), event by event, for tests that
// doctor it.
class StreamWriter {
 public:
  explicit StreamWriter(uint32_t table_id = 7) {
    v1::TableSchema* schema = Next().mutable_schema();
    const bool parsed = google::protobuf::TextFormat::ParseFromString(
        R"(id: 1 namespace: 'public' name: 't' key_columns: 0
           columns { name: 'id' type { kind: TYPE_KIND_INTEGER oid: 23 modifier: -1 } }
           columns { name: 'note' type { kind: TYPE_KIND_TEXT oid: 25 modifier: -1 } }
           columns { name: 'version' type { kind: TYPE_KIND_INTEGER oid: 20 modifier: -1 } })",
        schema);
    EXPECT_TRUE(parsed);
    schema->set_table_id(table_id);
  }

  v1::Event& Next() {
    events_.emplace_back();
    events_.back().set_sequence(events_.size());
    return events_.back();
  }

  v1::Change& Change(v1::Op op, int64_t id) {
    v1::Change& change = *Next().mutable_change();
    change.set_schema_id(1);
    change.set_op(op);
    change.mutable_position()->set_offset(offset_);
    if (op != v1::OP_TRUNCATE) change.mutable_key()->add_values()->set_integer(id);
    if (op != v1::OP_READ) {
      change.set_transaction_id(offset_);
      change.set_transaction_index(index_++);
    }
    return change;
  }

  // `note` "": unavailable.
  v1::Change& Row(v1::Op op, int64_t id, const std::string& note, int64_t version) {
    v1::Change& change = Change(op, id);
    change.mutable_after()->add_values()->set_integer(id);
    v1::Value& value = *change.mutable_after()->add_values();
    if (note.empty()) {
      value.set_unavailable(true);
    } else {
      value.set_text(note);
    }
    change.mutable_after()->add_values()->set_integer(version);
    return change;
  }

  // Ends the transaction whose newest event is a change.
  void End() {
    events_.back().mutable_change()->set_last_in_transaction(true);
    v1::TransactionEnd& end = *Next().mutable_transaction_end();
    end.set_transaction_id(offset_);
    end.mutable_position()->set_offset(offset_);
    end.set_change_count(index_);
    index_ = 0;
    offset_ += 10;
  }

  v1::SnapshotMark& Mark(v1::SnapshotMark::Kind kind, uint64_t snapshot_id) {
    v1::SnapshotMark& mark = *Next().mutable_snapshot();
    mark.set_kind(kind);
    mark.set_snapshot_id(snapshot_id);
    if (kind == v1::SnapshotMark::CHUNK_DONE || kind == v1::SnapshotMark::TABLE_DONE) {
      mark.set_table_id(events_.front().schema().table_id());
    }
    return mark;
  }

  // By their sequences, from 1 on. Stays where it is when more are written.
  std::deque<v1::Event>& events() { return events_; }
  const std::deque<v1::Event>& events() const { return events_; }

  Fold Folded() const {
    Fold fold({.first_sequence = 1});
    for (const v1::Event& event : events_) fold.Apply(event);
    return fold;
  }

 private:
  std::deque<v1::Event> events_;
  uint64_t offset_ = 100;
  uint64_t index_ = 0;
};

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_STREAM_WRITER_H_
