#include "capture/postgres/postgres_log_reader.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/postgres/log_setup.h"
#include "capture/postgres/postgres_error.h"
#include "capture/postgres/table_facts.h"
#include "capture/postgres/timeline.h"
#include "model/position.h"
#include "model/wall_clock.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStatusIntervalMax{10000};
// Between an acknowledgement and the status update that carries it.
constexpr milliseconds kAcknowledgeDelay{100};
constexpr milliseconds kPingInterval{5};
// How long keepalives alone are tried before a logical message moves the log on.
constexpr milliseconds kEmitDelay{20};
constexpr milliseconds kEmitInterval{200};
constexpr milliseconds kEmitTimeout{5000};
constexpr milliseconds kCloseTimeout{900};
// How long a change of the server's set-up may go unnoticed: a setting that makes this reader a
// synchronous standby, a publication that is gone (from version 18 on the log then goes on without
// a word), or that carries less than it did.
constexpr milliseconds kExamineInterval{2000};
// PostgreSQL counts microseconds from 2000-01-01.
constexpr int64_t kEpochOffsetUs = 946684800000000;
constexpr char kStatusUpdate = 'r';

void AppendBigEndian(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

void RaiseTo(std::atomic<Lsn>& target, Lsn value) {
  Lsn known = target.load();
  while (known < value && !target.compare_exchange_weak(known, value)) {
  }
}

// pgoutput's newest protocol that the server knows; newer ones only add streaming and two-phase
// messages.
int ProtocolVersion(int server_version) {
  if (server_version >= 160000) return 4;
  return server_version >= 150000 ? 3 : 2;
}

// Starts at the slot's confirmed_flush_lsn, which is what 0/0 means, and not at the resume token:
// transactions that are in the journal but were not known to be visible have not been acknowledged,
// and must be named again (LogBatch.replaying).
std::string StartCommand(const Connection& stream, const PostgresOptions& options) {
  return absl::StrCat("START_REPLICATION SLOT ", stream.QuoteIdentifier(options.slot),
                      " LOGICAL 0/0 (proto_version '", ProtocolVersion(stream.server_version()),
                      "', publication_names ",
                      stream.QuoteLiteral(stream.QuoteIdentifier(options.publication)),
                      ", messages 'true')");
}

absl::Status CheckServer(Connection& sql) {
  absl::StatusOr<Result> level =
      sql.Execute("SELECT current_setting('wal_level'), current_setting('server_encoding')");
  if (!level.ok()) return level.status();
  if (level->text(0, 1) == "SQL_ASCII") {
    return absl::FailedPreconditionError(
        "the database's encoding is SQL_ASCII, so that its texts may be in any encoding; dump it "
        "and load it into a database with ENCODING 'UTF8'");
  }
  if (level->text(0, 0) == "logical") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("wal_level is ", level->str(0, 0),
                   "; run ALTER SYSTEM SET wal_level = logical and restart the server"));
}

// What IDENTIFY_SYSTEM says.
struct System {
  std::string identifier;
  uint64_t timeline = 0;
  Lsn flushed = 0;
};
absl::StatusOr<System> IdentifySystem(Connection& stream) {
  absl::StatusOr<Result> row = stream.Execute("IDENTIFY_SYSTEM");
  if (!row.ok()) return row.status();
  return System{.identifier = row->str(0, 0),
                .timeline = static_cast<uint64_t>(row->number(0, 1)),
                .flushed = ParseLsn(row->text(0, 2))};
}

absl::Status CheckSameSystem(const ResumeToken& token, const System& system, bool standby) {
  if (!token.system_id.empty() && token.system_id != system.identifier) {
    return absl::FailedPreconditionError(
        absl::StrCat("this is another cluster (system identifier ", system.identifier,
                     ") than the one whose log is in the journal (", token.system_id,
                     "); connect to that one, or start with an empty journal"));
  }
  if (token.lsn > system.flushed && standby) {
    return absl::UnavailableError(absl::StrCat("the standby has the log up to ",
                                               LsnText(system.flushed), " and the journal up to ",
                                               LsnText(token.lsn), "; waiting for it"));
  }
  if (token.lsn > system.flushed) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server's log ends at ", LsnText(system.flushed), " but the journal has it up to ",
        LsnText(token.lsn),
        ": the server was restored or a standby that had not received everything was promoted; "
        "start with an empty journal and a new snapshot"));
  }
  return absl::OkStatus();
}

// The token, which from now on knows the publication. Fails if it knew another one.
absl::StatusOr<ResumeToken> WithPublication(Connection& sql, const PostgresOptions& options,
                                            ResumeToken token) {
  absl::StatusOr<uint64_t> oid = CheckSamePublication(sql, options, token.publication_oid);
  if (!oid.ok()) return oid.status();
  token.publication_oid = *oid;
  return token;
}

absl::StatusOr<ResumeToken> PrepareToken(Connection& sql, Connection& stream,
                                         const PostgresOptions& options, const std::string& resume,
                                         bool standby, std::stop_token stop) {
  absl::StatusOr<System> system = IdentifySystem(stream);
  if (!system.ok()) return system.status();
  if (resume.empty()) {
    absl::StatusOr<uint64_t> lsn = EnsureLogSetup(sql, stream, options, stop);
    if (!lsn.ok()) return lsn.status();
    ResumeToken token;
    token.lsn = *lsn;
    token.system_id = system->identifier;
    token.timeline = system->timeline;
    return WithPublication(sql, options, token);
  }
  absl::StatusOr<ResumeToken> token = ResumeToken::Decode(resume);
  if (!token.ok()) return token.status();
  absl::Status status = CheckSameSystem(*token, *system, standby);
  if (status.ok() && token->timeline != 0) {
    status = CheckTimeline(stream, token->timeline, system->timeline, token->lsn);
  }
  token->timeline = system->timeline;
  if (!status.ok()) return status;
  token = WithPublication(sql, options, *std::move(token));
  if (!token.ok()) return token;
  status = CheckLogSetup(sql, options, token->lsn);
  if (!status.ok()) return status;
  return token;
}

// A third of wal_sender_timeout, which is the stream's own setting; 0 there: never.
absl::StatusOr<milliseconds> StatusInterval(Connection& stream) {
  absl::StatusOr<Result> row =
      stream.Execute("SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'");
  if (!row.ok()) return row.status();
  milliseconds timeout(row->number(0, 0));
  if (timeout.count() == 0) return kStatusIntervalMax;
  return std::clamp(timeout / 3, milliseconds{1}, kStatusIntervalMax);
}

absl::Status StartStream(Connection& sql, Connection& stream, const PostgresOptions& options) {
  absl::Status started = stream.StartCopyBoth(StartCommand(stream, options), {});
  if (SqlState(started) != kObjectInUse) return started;
  absl::StatusOr<std::optional<SlotInfo>> slot = LoadSlot(sql, options.slot);
  if (!slot.ok() || !slot->has_value()) return started;
  return SlotHeld(options.slot, (*slot)->holder);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogReader>> PostgresLogReader::Open(SessionFactory* sessions,
                                                                   const LogResume& resume,
                                                                   SchemaRegistry* registry,
                                                                   std::stop_token stop) {
  absl::StatusOr<PublicationWatch> watch = PublicationWatch::Load(resume.records);
  if (!watch.ok()) return watch.status();
  absl::StatusOr<std::unique_ptr<Connection>> sql =
      sessions->OpenSqlForLog({.timeout = std::chrono::seconds(30), .stop = stop});
  if (!sql.ok()) return sql.status();
  absl::Status status = CheckServer(**sql);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Connection>> stream =
      sessions->OpenReplication({.timeout = std::chrono::seconds(30), .stop = stop});
  if (!stream.ok()) return stream.status();
  absl::StatusOr<ServerIdentity> identity = Identify(**sql);
  if (!identity.ok()) return identity.status();
  absl::StatusOr<ResumeToken> token =
      PrepareToken(**sql, **stream, sessions->options(), resume.token, identity->standby, stop);
  if (!token.ok()) return token.status();
  const absl::Status taken_out = watch->Look(**sql, sessions->options());
  if (!taken_out.ok() && !absl::IsFailedPrecondition(taken_out)) return taken_out;
  absl::StatusOr<milliseconds> interval = StatusInterval(**stream);
  if (!interval.ok()) return interval.status();
  // How far behind the journal is shows from the first moment on.
  absl::StatusOr<System> system = IdentifySystem(**stream);
  if (!system.ok()) return system.status();
  status = CheckNotSynchronous(**sql);
  if (status.ok()) status = StartStream(**sql, **stream, sessions->options());
  if (!status.ok()) return status;
  int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake < 0) return absl::UnavailableError("no file descriptor is left; raise the limit");
  sessions->SetLogSender((*stream)->server_pid());
  return std::unique_ptr<LogReader>(new PostgresLogReader({.sql = *std::move(sql),
                                                           .stream = *std::move(stream),
                                                           .token = *std::move(token),
                                                           .watch = *std::move(watch),
                                                           .taken_out = taken_out,
                                                           .standby = identity->standby,
                                                           .end = system->flushed,
                                                           .status_interval = *interval},
                                                          sessions, registry, wake));
}

absl::StatusOr<std::optional<CatalogTable>> PostgresLogReader::LogCatalog::DescribeTable(
    uint32_t oid) {
  absl::StatusOr<std::optional<CatalogTable>> table = PostgresCatalog::DescribeTable(oid);
  if (!table.ok() || !table->has_value()) return table;
  absl::StatusOr<std::vector<LeafFault>> faults = LoadLeafFaults(*sql_, oid);
  if (!faults.ok()) return faults.status();
  for (const LeafFault& fault : *faults) {
    if (!fault.misleads) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(fault.message, "; ", fault.remedy, ", and take a new snapshot of the table"));
  }
  return table;
}

PostgresLogReader::PostgresLogReader(Wiring wiring, SessionFactory* sessions,
                                     SchemaRegistry* registry, int wake)
    : sessions_(sessions),
      wiring_(std::move(wiring)),
      catalog_(wiring_.sql.get(), sessions->options().publication),
      encoder_(wiring_.token, registry->journaled(), &catalog_, registry),
      failure_(wiring_.taken_out),
      taken_frontier_(0),
      last_log_(Clock::now()),
      last_examined_(Clock::now()),
      wake_(wake),
      server_position_(std::max(wiring_.token.lsn, wiring_.end)) {
  wiring_.sql->OnWait([this] { KeepReplying(); });
}

PostgresLogReader::~PostgresLogReader() {
  sessions_->SetLogSender(0);
  if (wiring_.stream->healthy()) {
    (void)SendStatus(false);
    wiring_.stream->EndCopyBoth(kCloseTimeout);
  }
  close(wake_);
}

absl::StatusOr<LogBatch> PostgresLogReader::Read(size_t bytes_max, milliseconds wait) {
  const Clock::time_point deadline = Clock::now() + wait;
  while (failure_.ok()) {
    absl::StatusOr<bool> full = ConsumeAtHand(bytes_max);
    failure_ = full.status();
    if (!failure_.ok() || *full || HasSomething()) break;
    const Clock::time_point now = Clock::now();
    if (now >= deadline) break;
    failure_ = AwaitMore(deadline);
  }
  if (!failure_.ok() && !HasSomething()) return failure_;
  return TakeBatch();
}

bool PostgresLogReader::HasSomething() const {
  return encoder_.pending_bytes() > 0 || encoder_.frontier() != taken_frontier_ ||
         encoder_.replaying() != taken_replaying_ || wiring_.watch.has_changes();
}

LogBatch PostgresLogReader::TakeBatch() {
  LogBatch batch = encoder_.Take();
  batch.records = wiring_.watch.TakeChanges();
  taken_frontier_ = encoder_.frontier();
  taken_replaying_ = encoder_.replaying();
  return batch;
}

absl::StatusOr<bool> PostgresLogReader::ConsumeAtHand(size_t bytes_max) {
  // The clock is read once for so many messages.
  constexpr int kMessagesPerClock = 64;
  while (true) {
    const Clock::time_point now = Clock::now();
    if (std::exchange(log_received_, false)) last_log_ = now;
    absl::Status status = KeepTime(now);
    if (!status.ok()) return status;
    for (int i = 0; i < kMessagesPerClock; ++i) {
      absl::StatusOr<std::optional<Connection::Received>> received = wiring_.stream->Receive();
      if (!received.ok()) return CauseOf(received.status());
      if (!received->has_value()) return false;
      status = Consume((*received)->view());
      if (!status.ok()) return status;
      if (encoder_.pending_bytes() >= bytes_max) return true;
    }
  }
}

absl::Status PostgresLogReader::Consume(std::string_view copy_data) {
  absl::StatusOr<Envelope> envelope = ParseEnvelope(copy_data);
  if (!envelope.ok()) return envelope.status();
  RaiseTo(server_position_, envelope->end_lsn);
  if (envelope->kind == Envelope::Kind::kLog) log_received_ = true;
  absl::Status status = encoder_.Consume(*envelope, model::NowUs());
  if (!status.ok()) return status;
  return envelope->reply_requested ? SendStatus(false) : absl::OkStatus();
}

absl::Status PostgresLogReader::AwaitMore(Clock::time_point deadline) {
  absl::Status status = NudgeServer(Clock::now());
  if (!status.ok()) return status;
  Clock::time_point until = std::min(deadline, Clock::now() + kAcknowledgeDelay);
  until = std::min(until, last_status_ + wiring_.status_interval);
  if (nudge_) until = std::min(until, nudge_->next_ping);
  auto timeout = std::chrono::ceil<milliseconds>(until - Clock::now());
  status = wiring_.stream->AwaitInput(std::max(timeout, milliseconds{0}), wake_);
  uint64_t wakes = 0;
  (void)!read(wake_, &wakes, sizeof wakes);
  return status;
}

absl::Status PostgresLogReader::KeepTime(Clock::time_point now) {
  if (now - last_examined_ >= kExamineInterval) {
    last_examined_ = now;
    absl::Status status = Examine();
    if (!status.ok()) return status;
  }
  const bool news = acknowledged_.load() > sent_flush_ && now - last_status_ >= kAcknowledgeDelay;
  if (!news && now - last_status_ < wiring_.status_interval) return absl::OkStatus();
  return SendStatus(false);
}

absl::Status PostgresLogReader::Examine() {
  absl::Status status = wiring_.standby ? NoticePromotion() : absl::OkStatus();
  if (status.ok()) status = CheckNotSynchronous(*wiring_.sql);
  if (status.ok()) status = NoteRetention();
  if (!status.ok()) return status;
  const PostgresOptions& options = sessions_->options();
  status = CheckSamePublication(*wiring_.sql, options, wiring_.token.publication_oid).status();
  if (!status.ok()) return status;
  // What it carries is looked at in any case, so that it is known when the source goes on.
  const absl::Status listed = wiring_.watch.Look(*wiring_.sql, options);
  status = CheckPublished(*wiring_.sql, options);
  // What Look tells is told once.
  if (!absl::IsFailedPrecondition(listed)) return status.ok() ? listed : status;
  if (!absl::IsFailedPrecondition(status)) return listed;
  return absl::FailedPreconditionError(absl::StrCat(status.message(), ". ", listed.message()));
}

absl::Status PostgresLogReader::NoteRetention() {
  absl::StatusOr<LogRetention> retention = LoadRetention(*wiring_.sql, sessions_->options().slot);
  if (!retention.ok()) return retention.status();
  retention->examined_us = model::NowUs();
  retention_.Set(*std::move(retention));
  return absl::OkStatus();
}

// The stream goes on over the promotion of its standby, so that all it has brought is on the new
// timeline too.
absl::Status PostgresLogReader::NoticePromotion() {
  absl::StatusOr<ServerIdentity> identity = sessions_->IdentifyForLog(*wiring_.sql);
  if (!identity.ok() || identity->standby) return identity.status();
  absl::StatusOr<Result> timeline = wiring_.sql->Execute(
      "SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int8");
  if (!timeline.ok()) return timeline.status();
  encoder_.set_timeline(static_cast<uint64_t>(timeline->number(0, 0)));
  wiring_.standby = false;
  return absl::OkStatus();
}

// Before version 18 the server ends the log at the first change for which the publication is not
// there.
absl::Status PostgresLogReader::CauseOf(const absl::Status& ended) {
  if (SqlState(ended) != kUndefinedObject) return ended;
  absl::Status status = Examine();
  return status.ok() ? ended : status;
}

absl::Status PostgresLogReader::NudgeServer(Clock::time_point now) {
  const Lsn wish = wanted_.load();
  const bool wanted = wish > encoder_.frontier();
  // A new wish has a delay of its own.
  if (nudge_ && nudge_->wanted <= encoder_.frontier()) nudge_.reset();
  if (!wanted && !encoder_.replaying()) {
    nudge_.reset();
    return absl::OkStatus();
  }
  if (!nudge_) {
    nudge_ = Nudge{
        .wanted = wanted ? wish : UINT64_MAX, .next_ping = now, .next_emit = now + kEmitDelay};
  }
  if (now >= nudge_->next_ping) {
    nudge_->next_ping = now + kPingInterval;
    absl::Status status = SendStatus(/*reply_requested=*/true);
    if (!status.ok()) return status;
  }
  // Only where the server has sent all it had does a message move the log on.
  const bool quiet = now - last_log_ >= kPingInterval && !encoder_.in_transaction();
  if (!wanted || wiring_.standby || !quiet || now < nudge_->next_emit) return absl::OkStatus();
  nudge_->next_emit = now + kEmitInterval;
  return EmitMessage();
}

absl::Status PostgresLogReader::EmitMessage() {
  absl::Status emitted =
      wiring_.sql
          ->Execute(
              "BEGIN; SET LOCAL synchronous_commit = local;"
              "SELECT pg_logical_emit_message(true, 'tidemark', 'frontier'); COMMIT",
              {.timeout = kEmitTimeout, .stop = {}})
          .status();
  if (emitted.ok() || !wiring_.sql->healthy()) return emitted;
  absl::Status ended = wiring_.sql->Execute("ROLLBACK").status();
  if (!ended.ok()) return ended;
  // The next attempt may go better.
  if (absl::IsAborted(emitted)) return absl::OkStatus();
  if (SqlState(emitted) != kInsufficientPrivilege) return emitted;
  return absl::FailedPreconditionError(
      absl::StrCat("the log of an idle server cannot be moved on: ", emitted.message(),
                   "; run: ", GrantEmitSql(*wiring_.sql)));
}

absl::Status PostgresLogReader::SendStatus(bool reply_requested) {
  const Lsn flush = acknowledged_.load();
  const Lsn write = std::max(encoder_.frontier(), flush);
  std::string update;
  update.reserve(34);
  update.push_back(kStatusUpdate);
  AppendBigEndian(&update, write);
  AppendBigEndian(&update, flush);
  AppendBigEndian(&update, flush);
  AppendBigEndian(&update, static_cast<uint64_t>(model::NowUs() - kEpochOffsetUs));
  update.push_back(reply_requested ? 1 : 0);
  last_status_ = Clock::now();
  sent_flush_ = flush;
  return wiring_.stream->Send(update);
}

void PostgresLogReader::KeepReplying() {
  if (Clock::now() - last_status_ < wiring_.status_interval || !wiring_.stream->healthy()) return;
  // What fails here, the next piece of the log tells.
  SendStatus(false).IgnoreError();
}

absl::Status PostgresLogReader::KeepAlive() {
  if (!failure_.ok()) return failure_;
  const Clock::time_point now = Clock::now();
  if (now - last_status_ < kAcknowledgeDelay) return absl::OkStatus();
  failure_ = SendStatus(false);
  return failure_;
}

void PostgresLogReader::Acknowledge(const model::Position& durable) {
  RaiseTo(acknowledged_, durable.offset);
}

void PostgresLogReader::RequestFrontier(const model::Position& position) {
  RaiseTo(wanted_, position.offset);
  uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

model::Position PostgresLogReader::ServerPosition() const {
  return {.file = 0, .offset = server_position_.load()};
}

}  // namespace tidemark::capture::postgres
