#include "capture/mysql/definition_scan.h"

#include "capture/mysql/payload.h"
#include "capture/mysql/query_text.h"
#include "capture/mysql/resume_token.h"
#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kEventBytesMax = (size_t{1} << 30) + (size_t{1} << 20);
// Past it, all tables count as altered.
constexpr size_t kNamesMax = 100'000;

bool HasQuery(EventType type) {
  return type == EventType::kQuery || type == EventType::kQueryCompressed;
}

}  // namespace

void DefinitionScan::Start(LogPlace from) {
  altered_.clear();
  altered_all_.reset();
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
  const QueryText text = ReadQueryText(*query, text_);
  const Statement statement =
      ParseStatement(text.text, query->sql_mode, query->database, format_->mariadb);
  const std::optional<AlteredTables> altered = AlteredTables::Of(statement, text.readable);
  if (altered) Note(*altered);
  return absl::OkStatus();
}

void DefinitionScan::Note(const AlteredTables& altered) {
  for (const AlteredTables::Name& name : altered.names()) {
    LogPlace& last = altered_[name];
    if (last < to()) last = to();
  }
  if (!altered.all() && altered_.size() <= kNamesMax) return;
  altered_all_ = to();
  altered_.clear();
}

std::optional<LogPlace> DefinitionScan::FindAfter(const LogPlace& place, std::string_view database,
                                                  std::string_view table) const {
  if (altered_all_ && place < *altered_all_) return altered_all_;
  for (const std::string_view name : {table, std::string_view()}) {
    auto found = altered_.find(AlteredTables::Folded(database, name));
    if (found != altered_.end() && place < found->second) return found->second;
  }
  return std::nullopt;
}

void DefinitionScan::DropBefore(const LogPlace& place) {
  std::erase_if(altered_, [&](const auto& entry) { return !(place < entry.second); });
  if (from_ < place) from_ = place;
}

}  // namespace tidemark::capture::mysql
