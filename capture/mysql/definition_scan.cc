#include "capture/mysql/definition_scan.h"

#include <tuple>

#include "capture/mysql/payload.h"
#include "capture/mysql/resume_token.h"
#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kEventBytesMax = (size_t{1} << 30) + (size_t{1} << 20);

bool HasQuery(EventType type) {
  return type == EventType::kQuery || type == EventType::kQueryCompressed;
}

}  // namespace

bool LogPlace::operator<(const LogPlace& other) const {
  return std::tuple(FileNumber(file), offset) < std::tuple(FileNumber(other.file), other.offset);
}

void DefinitionScan::Start(LogPlace from) {
  found_.clear();
  idle_ = false;
  format_.reset();
  place_ = {.file = from.file, .start = from.offset, .end = from.offset};
  from_ = std::move(from);
}

absl::Status DefinitionScan::Consume(std::string_view event) {
  absl::StatusOr<EventHeader> header = ParseHeader(event);
  if (!header.ok()) return header.status();
  if (header->type == EventType::kFormatDescription) return ConsumeFormat(*header, event);
  if (header->type == EventType::kRotate) return ConsumeRotate(*header, event);
  if (!format_) return absl::DataLossError("the server sent an event before its file's format");
  place_.Pass(*header);
  const bool heartbeat =
      header->type == EventType::kHeartbeat || header->type == EventType::kHeartbeatV2;
  const bool matters =
      heartbeat || HasQuery(header->type) || header->type == EventType::kMariaDbGtid;
  if (!matters) return absl::OkStatus();
  absl::StatusOr<std::string_view> body = EventBody(event, format_->checksum);
  if (!body.ok()) return body.status();
  return heartbeat ? ConsumeHeartbeat(*header, *body) : ConsumeBody(*header, *body);
}

absl::Status DefinitionScan::ConsumeFormat(const EventHeader& header, std::string_view event) {
  absl::StatusOr<FormatDescription> format = ParseFormatDescription(event);
  if (!format.ok()) return format.status();
  format_ = *std::move(format);
  // Of a dump that begins inside the file, it is repeated there.
  if (header.end_position != 0) place_.Pass(header);
  return absl::OkStatus();
}

// The file's own ROTATE is followed by one that was made for the dump, which alone counts. Before
// the format is known, only a sum that fits tells that there is one.
absl::Status DefinitionScan::ConsumeRotate(const EventHeader& header, std::string_view event) {
  if (!header.artificial()) {
    place_.Pass(header);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string_view> body =
      EventBody(event, format_ ? format_->checksum : Checksum::kCrc32);
  if (!body.ok() && !format_) body = EventBody(event, Checksum::kNone);
  if (!body.ok()) return body.status();
  absl::StatusOr<RotateEvent> rotate = ParseRotate(*body);
  if (!rotate.ok()) return rotate.status();
  place_ = {.file = std::string(rotate->file), .start = rotate->position, .end = rotate->position};
  return absl::OkStatus();
}

// The server has sent all that is before this place.
absl::Status DefinitionScan::ConsumeHeartbeat(const EventHeader& header, std::string_view body) {
  absl::StatusOr<HeartbeatEvent> heartbeat = ParseHeartbeat(header.type, body);
  if (!heartbeat.ok()) return heartbeat.status();
  if (FileNumber(heartbeat->file) > FileNumber(place_.file)) {
    place_ = {.file = std::string(heartbeat->file), .start = 0, .end = 0};
  }
  if (heartbeat->file == place_.file) {
    place_.end = heartbeat->position.value_or(WidenOffset(header.end_position, place_.end));
  }
  return absl::OkStatus();
}

absl::Status DefinitionScan::ConsumeBody(const EventHeader& header, std::string_view body) {
  if (HasQuery(header.type)) return ConsumeQuery(header, body);
  absl::StatusOr<MariaDbGtidEvent> gtid = ParseMariaDbGtid(body);
  if (!gtid.ok()) return gtid.status();
  idle_ = gtid->idle();
  return absl::OkStatus();
}

absl::Status DefinitionScan::ConsumeQuery(const EventHeader& header, std::string_view body) {
  if (idle_) return absl::OkStatus();
  if (header.type == EventType::kQueryCompressed) {
    scratch_.Clear();
    absl::Status status = InflateQuery(body, kEventBytesMax, scratch_);
    if (!status.ok()) return status;
    body = scratch_.view();
  }
  absl::StatusOr<QueryEvent> query = ParseQuery(body, format_->mariadb);
  if (!query.ok()) return query.status();
  const Statement statement =
      ParseStatement(query->text, query->sql_mode, query->database, format_->mariadb);
  std::optional<AlteredTables> altered = AlteredTables::Of(statement, *query);
  if (altered) found_.emplace_back(to(), *std::move(altered));
  return absl::OkStatus();
}

std::optional<LogPlace> DefinitionScan::FindAfter(const LogPlace& place, std::string_view database,
                                                  std::string_view table) const {
  for (const auto& [end, altered] : found_) {
    if (place < end && altered.Has(database, table)) return end;
  }
  return std::nullopt;
}

void DefinitionScan::DropBefore(const LogPlace& place) {
  while (!found_.empty() && !(place < found_.front().first)) found_.pop_front();
  if (from_ < place) from_ = place;
}

}  // namespace tidemark::capture::mysql
