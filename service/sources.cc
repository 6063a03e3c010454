#include "service/sources.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

absl::Status NotAtWork(const std::string& name, const PipelineStatus& waits) {
  return waits.state == PipelineState::kStopped
             ? absl::FailedPreconditionError(
                   absl::StrCat("source \"", name, "\" is stopped: ", waits.error))
             : absl::UnavailableError(absl::StrCat("source \"", name, "\" is starting",
                                                   waits.error.empty() ? "" : ": ", waits.error,
                                                   "; try again in a moment"));
}

}  // namespace

Sources::Entry* Sources::EntryOf(const std::string& name) {
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const Entry& each) { return each.captured.name == name; });
  return entry == entries_.end() ? nullptr : &*entry;
}

void Sources::Expect(const std::string& name, const std::string& kind) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_.emplace_back();
  entry.captured.name = name;
  entry.captured.kind = kind;
}

void Sources::Wait(const std::string& name, PipelineState state, const std::string& why) {
  std::lock_guard lock(mutex_);
  Entry* entry = EntryOf(name);
  entry->waits.state = state;
  entry->waits.error = why;
}

void Sources::Add(CapturedSource source) {
  std::lock_guard lock(mutex_);
  Entry* entry = EntryOf(source.name);
  if (entry == nullptr) entry = &entries_.emplace_back();
  entry->captured = std::move(source);
  entry->at_work = true;
}

std::vector<const CapturedSource*> Sources::all() const {
  std::lock_guard lock(mutex_);
  std::vector<const CapturedSource*> all;
  for (const Entry& entry : entries_) {
    if (entry.at_work) all.push_back(&entry.captured);
  }
  return all;
}

std::vector<WaitingSource> Sources::waiting() const {
  std::lock_guard lock(mutex_);
  std::vector<WaitingSource> waiting;
  for (const Entry& entry : entries_) {
    if (entry.at_work) continue;
    waiting.push_back({entry.captured.name, entry.captured.kind, entry.waits});
  }
  return waiting;
}

absl::StatusOr<const CapturedSource*> Sources::Find(const std::string& name) const {
  std::lock_guard lock(mutex_);
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("source: is empty; expected one of: ", Names()));
  }
  for (const Entry& entry : entries_) {
    if (entry.captured.name != name) continue;
    if (!entry.at_work) return NotAtWork(name, entry.waits);
    return &entry.captured;
  }
  return absl::NotFoundError(
      absl::StrCat("source \"", name, "\" is not configured here; there are: ", Names()));
}

std::string Sources::Names() const {
  std::string names;
  for (const Entry& entry : entries_) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", entry.captured.name);
  }
  return names;
}

}  // namespace tidemark::service
