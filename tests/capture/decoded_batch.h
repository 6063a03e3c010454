#ifndef TIDEMARK_TESTS_CAPTURE_DECODED_BATCH_H_
#define TIDEMARK_TESTS_CAPTURE_DECODED_BATCH_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture/log_batch.h"
#include "tidemark/v1/change_stream.pb.h"

namespace tidemark::capture {

// The frames of a batch as messages; checks that the extents of its events agree with them.
inline std::vector<v1::Event> Decode(const LogBatch& batch) {
  v1::SubscribeResponse response;
  EXPECT_TRUE(response.ParseFromArray(batch.frames.data(), static_cast<int>(batch.frames.size())));
  EXPECT_EQ(response.events_size(), static_cast<int>(batch.events.size()));
  std::vector<v1::Event> events(response.events().begin(), response.events().end());
  size_t at = 0;
  for (size_t i = 0; i < events.size() && i < batch.events.size(); ++i) {
    const LogEvent& event = batch.events[i];
    EXPECT_EQ(event.frame.at, at);
    at += event.frame.size;
    EXPECT_EQ(static_cast<int>(event.kind), static_cast<int>(events[i].body_case()));
    if (event.transaction != kNoTransaction) {
      EXPECT_LT(event.transaction, batch.transactions.size());
    }
    if (event.kind != model::EventKind::kChange) continue;
    const v1::Change& change = events[i].change();
    EXPECT_EQ(event.schema, change.schema_id());
    EXPECT_EQ(static_cast<int>(event.op), static_cast<int>(change.op()));
    v1::Row key, after;
    std::string_view frames = batch.frames.view();
    EXPECT_TRUE(
        key.ParseFromString(std::string(frames.substr(event.frame.key_at, event.frame.key_size))));
    EXPECT_TRUE(after.ParseFromString(
        std::string(frames.substr(event.frame.after_at, event.frame.after_size))));
    EXPECT_EQ(key.SerializeAsString(), change.key().SerializeAsString());
    EXPECT_EQ(after.SerializeAsString(), change.after().SerializeAsString());
  }
  EXPECT_EQ(at, batch.frames.size());
  return events;
}

// "CREATE key{...} after{...}" and the like, one an event.
inline std::string Brief(const v1::Row& row) {
  std::string text = "(";
  for (const v1::Value& value : row.values()) {
    if (text.size() > 1) text += ",";
    if (value.has_integer()) {
      text += std::to_string(value.integer());
    } else if (value.has_text()) {
      text += value.text();
    } else if (value.has_decimal()) {
      text += value.decimal();
    } else if (value.has_unavailable()) {
      text += "?";
    } else {
      text += value.kind_case() == v1::Value::KIND_NOT_SET ? "null" : value.ShortDebugString();
    }
  }
  return text + ")";
}

inline std::string Brief(const v1::Event& event) {
  if (event.has_schema()) return "SCHEMA " + event.schema().name();
  if (event.has_transaction_end()) {
    return "END " + std::to_string(event.transaction_end().change_count());
  }
  if (event.has_message()) return "MESSAGE " + event.message().prefix();
  const v1::Change& change = event.change();
  std::string text = v1::Op_Name(change.op()).substr(3);
  text += " " + std::to_string(change.transaction_index());
  if (change.has_key()) text += " key" + Brief(change.key());
  if (change.has_before()) text += " before" + Brief(change.before());
  if (change.has_after()) text += " after" + Brief(change.after());
  return text + (change.last_in_transaction() ? " last" : "");
}

inline std::vector<std::string> Briefs(const LogBatch& batch) {
  std::vector<std::string> briefs;
  for (const v1::Event& event : Decode(batch)) briefs.push_back(Brief(event));
  return briefs;
}

}  // namespace tidemark::capture

#endif  // TIDEMARK_TESTS_CAPTURE_DECODED_BATCH_H_
