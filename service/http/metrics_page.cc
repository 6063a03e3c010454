#include "service/http/metrics_page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/health.h"
#include "service/http/metric_list.h"

namespace tidemark::service {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

constexpr const char* kSourceStates[] = {"connecting", "capturing", "stopped"};
constexpr const char* kPublisherStates[] = {"connecting", "publishing", "stopped"};
constexpr const char* kJobStates[] = {"running", "paused", "completed", "cancelled", "failed"};
constexpr const char* kSlotStates[] = {"reserved", "extended", "unreserved", "lost"};
constexpr std::array<const char*, kFailureCauses> kCauses = {"unavailable", "aborted", "operator",
                                                             "data_loss", "other"};
constexpr std::array<const char*, snapshot::kEventClasses> kOps = {
    "create", "update",      "delete",  "truncate", "read",
    "schema", "transaction", "message", "snapshot"};

double Seconds(uint64_t us) { return static_cast<double>(us) / 1e6; }

prometheus::MetricType TypeOf(MetricType type) {
  return type == MetricType::kCounter ? prometheus::MetricType::Counter
         : type == MetricType::kGauge ? prometheus::MetricType::Gauge
                                      : prometheus::MetricType::Histogram;
}

// The families that are being filled. Whatever is added is in AllMetrics().
class Families {
 public:
  void Add(const char* name, Labels labels, double value) {
    const MetricInfo& info = FindMetric(name);
    prometheus::ClientMetric& metric = MetricOf(info);
    metric.label = std::move(labels);
    (info.type == MetricType::kCounter ? metric.counter.value : metric.gauge.value) = value;
  }

  void AddHistogram(const char* name, Labels labels, const LatencyCounts& counts) {
    prometheus::ClientMetric& metric = MetricOf(FindMetric(name));
    metric.label = std::move(labels);
    uint64_t cumulative = 0;
    for (size_t i = 0; i < counts.buckets.size(); ++i) {
      cumulative += counts.buckets[i];
      const double bound =
          i < kLatencyBounds.size() ? kLatencyBounds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({cumulative, bound});
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = Seconds(counts.sum_us);
  }

  // One series for each of `values`, which is 1 for that which holds and 0 for the others.
  template <size_t kCount>
  void AddChoice(const char* name, const Labels& labels, const char* label,
                 const char* const (&values)[kCount], std::string_view holds) {
    for (const char* value : values) {
      Labels with_value = labels;
      with_value.push_back({label, value});
      Add(name, std::move(with_value), holds == value ? 1 : 0);
    }
  }

  void AddCauses(const char* name, const Labels& labels, const FailureCounts& counts) {
    for (size_t i = 0; i < kFailureCauses; ++i) {
      Labels with_cause = labels;
      with_cause.push_back({"cause", kCauses[i]});
      Add(name, std::move(with_cause), static_cast<double>(counts.by_cause[i]));
    }
  }

  std::string Text() const {
    std::vector<prometheus::MetricFamily> families;
    for (const auto& [info, family] : families_) families.push_back(family);
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return text.str();
  }

 private:
  // A new metric of the family.
  prometheus::ClientMetric& MetricOf(const MetricInfo& info) {
    prometheus::MetricFamily& family = families_[&info];
    family.name = info.name;
    family.help = info.help;
    family.type = TypeOf(info.type);
    return family.metric.emplace_back();
  }

  // In the order of the list.
  std::map<const MetricInfo*, prometheus::MetricFamily> families_;
};

void AddService(const Observation& seen, const std::string& version, Families* all) {
  all->Add("tidemark_build_info", {{"version", version}}, 1);
  all->Add("tidemark_ready", {}, JudgeReady(seen).good);
  all->Add("tidemark_healthy", {}, JudgeAlive(seen).good);
  for (const CertificateObservation& certificate : seen.certificates) {
    all->Add("tidemark_certificate_expiry_timestamp_seconds", {{"use", certificate.use}},
             static_cast<double>(certificate.expiry_s));
  }
}

void AddProcess(const ProcessFigures& process, Families* all) {
  all->Add("process_cpu_seconds_total", {}, process.cpu_s);
  all->Add("process_resident_memory_bytes", {}, process.resident_bytes);
  all->Add("process_virtual_memory_bytes", {}, process.virtual_bytes);
  all->Add("process_open_fds", {}, process.open_files);
  all->Add("process_max_fds", {}, process.open_files_max);
  all->Add("process_start_time_seconds", {}, process.start_s);
}

void AddStore(const Observation& seen, Families* all) {
  if (!seen.store) return;
  const storage::StoreStatus& store = *seen.store;
  all->Add("tidemark_store_disk_free_bytes", {}, store.disk_free_bytes);
  all->Add("tidemark_store_disk_used_bytes", {}, store.disk_used_bytes);
  all->Add("tidemark_store_memory_bytes", {}, store.memory_bytes);
  all->Add("tidemark_store_write_stalls_total", {{"condition", "delayed"}}, store.write_delays);
  all->Add("tidemark_store_write_stalls_total", {{"condition", "stopped"}}, store.write_stops);
  all->Add("tidemark_store_write_stalled", {{"condition", "delayed"}}, store.delayed);
  all->Add("tidemark_store_write_stalled", {{"condition", "stopped"}}, store.stopped);
  all->Add("tidemark_store_background_errors_total", {}, store.background_errors);
  all->Add("tidemark_store_examined_timestamp_seconds", {}, Seconds(seen.store_examined_us));
}

void AddState(const SourceObservation& source, const Labels& labels, Families* all) {
  const PipelineStatus& status = source.pipeline.status;
  Labels info = labels;
  info.push_back({"kind", source.kind});
  info.push_back({"server", status.server});
  all->Add("tidemark_source_info", std::move(info), 1);
  all->AddChoice("tidemark_source_state", labels, "state", kSourceStates,
                 kSourceStates[static_cast<int>(status.state) - 1]);
  all->AddCauses("tidemark_source_restarts_total", labels, source.pipeline.restarts);
  all->AddCauses("tidemark_source_session_failures_total", labels,
                 source.pipeline.session_failures);
}

void AddCapture(const PipelineMetrics& pipeline, const Labels& labels, Families* all) {
  all->Add("tidemark_source_lag_seconds", labels, Seconds(pipeline.lag_us));
  if (pipeline.connected) {
    all->Add("tidemark_source_lag_bytes", labels, pipeline.status.lag_bytes);
  }
  all->AddHistogram("tidemark_source_commit_to_journal_seconds", labels,
                    pipeline.commit_to_journal);
  for (size_t i = 0; i < kOps.size(); ++i) {
    Labels with_op = labels;
    with_op.push_back({"op", kOps[i]});
    all->Add("tidemark_source_events_total", with_op, pipeline.merged.by_class[i].events);
    all->Add("tidemark_source_event_bytes_total", with_op, pipeline.merged.by_class[i].bytes);
  }
  all->Add("tidemark_source_queue_bytes", labels, pipeline.queue_bytes);
  for (const auto& [thread, age_us] : {std::pair("log", pipeline.log_turn_age_us),
                                       std::pair("merge", pipeline.merge_turn_age_us)}) {
    Labels with_thread = labels;
    with_thread.push_back({"thread", thread});
    all->Add("tidemark_source_thread_turn_age_seconds", std::move(with_thread), Seconds(age_us));
  }
}

void AddRetention(const capture::LogRetention& retention, const Labels& labels, Families* all) {
  if (retention.examined_us == 0) return;
  auto add = [&](const char* name, const std::optional<uint64_t>& value) {
    if (value) all->Add(name, labels, static_cast<double>(*value));
  };
  add("tidemark_source_log_retained_bytes", retention.retained_bytes);
  add("tidemark_source_log_safe_bytes", retention.safe_bytes);
  add("tidemark_source_log_expire_seconds", retention.expire_s);
  if (!retention.slot_status.empty()) {
    all->AddChoice("tidemark_source_log_status", labels, "status", kSlotStates,
                   retention.slot_status);
  }
  all->Add("tidemark_source_log_examined_timestamp_seconds", labels,
           Seconds(retention.examined_us));
}

void AddSnapshot(const snapshot::JobStatus& job, Labels labels, Families* all) {
  labels.push_back({"snapshot", absl::StrCat(job.id)});
  all->Add("tidemark_snapshot_rows_done", labels, job.rows_done);
  all->Add("tidemark_snapshot_rows_estimated", labels, job.rows_estimated);
  all->Add("tidemark_snapshot_rows_per_second", labels, job.rows_per_second);
  if (job.state == snapshot::JobState::kRunning && job.rows_per_second > 0) {
    all->Add("tidemark_snapshot_eta_seconds", labels, job.eta_s);
  }
  all->Add("tidemark_snapshot_waiting", labels, job.waiting_for.empty() ? 0 : 1);
}

void AddSnapshots(const SourceObservation& source, const Labels& labels, Families* all) {
  std::array<int, std::size(kJobStates)> by_state{};
  for (const snapshot::JobStatus& job : source.snapshots) {
    ++by_state[static_cast<int>(job.state) - 1];
    const bool active =
        job.state == snapshot::JobState::kRunning || job.state == snapshot::JobState::kPaused;
    if (active) AddSnapshot(job, labels, all);
  }
  auto add = [&](const char* name, const char* state, double value) {
    Labels with_state = labels;
    with_state.push_back({"state", state});
    all->Add(name, std::move(with_state), value);
  };
  for (size_t i = 0; i < by_state.size(); ++i) {
    add("tidemark_snapshots", kJobStates[i], by_state[i]);
  }
  const snapshot::CoordinatorCounts& counts = source.pipeline.snapshots;
  add("tidemark_snapshots_ended_total", "completed", counts.jobs_completed);
  add("tidemark_snapshots_ended_total", "cancelled", counts.jobs_cancelled);
  add("tidemark_snapshots_ended_total", "failed", counts.jobs_failed);
}

void AddChunks(const PipelineMetrics& pipeline, const Labels& labels, Families* all) {
  all->Add("tidemark_windows_open", labels, pipeline.windows);
  all->Add("tidemark_chunks_done_total", labels, pipeline.snapshots.chunks_done);
  all->Add("tidemark_chunks_redone_total", labels, pipeline.snapshots.chunks_redone);
  all->Add("tidemark_reread_tables_failing", labels, pipeline.status.rereads.tables);
  all->Add("tidemark_chunk_rows_folded_total", labels, pipeline.merged.rows_folded);
  all->Add("tidemark_chunk_rows_dropped_total", labels, pipeline.merged.rows_dropped);
}

void AddJournal(const SourceObservation& source, const Labels& labels, Families* all) {
  all->Add("tidemark_journal_bytes", labels, source.bounds.bytes);
  all->Add("tidemark_journal_oldest_sequence", labels, source.bounds.oldest);
  all->Add("tidemark_journal_newest_sequence", labels, source.bounds.newest);
  all->AddHistogram("tidemark_journal_append_seconds", labels, source.pipeline.appends);
  all->Add("tidemark_journal_stalled", labels, source.pipeline.stalled);
}

double AgeSeconds(const Observation& seen, const storage::Backlog& backlog) {
  const bool waits = backlog.since_us != 0 && backlog.since_us < seen.time_us;
  return waits ? Seconds(seen.time_us - backlog.since_us) : 0;
}

void AddConsumers(const Observation& seen, const SourceObservation& source, const Labels& labels,
                  Families* all) {
  for (const ConsumerObservation& consumer : source.consumers) {
    Labels with_name = labels;
    with_name.push_back({"consumer", consumer.name});
    all->Add("tidemark_consumer_connected", with_name, consumer.connected);
    all->Add("tidemark_consumer_lag_events", with_name, consumer.backlog.events);
    all->Add("tidemark_consumer_lag_bytes", with_name, consumer.backlog.bytes);
    all->Add("tidemark_consumer_lag_seconds", with_name, AgeSeconds(seen, consumer.backlog));
  }
  all->Add("tidemark_grpc_streams", labels, source.streams.open);
  all->Add("tidemark_grpc_streams_opened_total", labels, source.streams.opened);
  all->Add("tidemark_grpc_sent_bytes_total", labels, source.streams.sent_bytes);
}

void AddKafka(const SourceObservation& source, const Labels& labels, Families* all) {
  if (!source.publisher) return;
  const kafka::PublisherStatus& publisher = *source.publisher;
  all->AddChoice("tidemark_kafka_state", labels, "state", kPublisherStates,
                 kPublisherStates[static_cast<int>(publisher.state) - 1]);
  if (publisher.known) {
    all->Add("tidemark_kafka_lag_events", labels, publisher.lag_events);
    all->Add("tidemark_kafka_lag_bytes", labels, publisher.lag_bytes);
    all->Add("tidemark_kafka_lag_seconds", labels, Seconds(publisher.lag_us));
  }
  all->Add("tidemark_kafka_transactions_total", labels, publisher.transactions);
  all->Add("tidemark_kafka_bytes_total", labels, publisher.bytes);
  all->AddCauses("tidemark_kafka_errors_total", labels, publisher.errors);
}

void AddSource(const Observation& seen, const SourceObservation& source, Families* all) {
  const Labels labels = {{"source", source.name}};
  AddState(source, labels, all);
  AddCapture(source.pipeline, labels, all);
  AddRetention(source.pipeline.retention, labels, all);
  AddChunks(source.pipeline, labels, all);
  AddSnapshots(source, labels, all);
  AddJournal(source, labels, all);
  AddConsumers(seen, source, labels, all);
  AddKafka(source, labels, all);
}

}  // namespace

std::string MetricsPage(const Observation& seen, const ProcessFigures& process,
                        const std::string& version) {
  Families all;
  AddService(seen, version, &all);
  AddProcess(process, &all);
  AddStore(seen, &all);
  for (const SourceObservation& source : seen.sources) AddSource(seen, source, &all);
  return all.Text();
}

}  // namespace tidemark::service
