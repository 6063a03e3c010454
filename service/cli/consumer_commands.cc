#include <cstdio>

#include "absl/strings/str_cat.h"
#include "service/cli/commands.h"
#include "service/cli/text_table.h"
#include "service/cli/value_format.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

std::vector<std::string> Row(const v1::Consumer& consumer) {
  int64_t seconds = consumer.acknowledge_time_us() / 1'000'000;
  return {consumer.source(),
          consumer.name(),
          absl::StrCat(consumer.acknowledged_sequence()),
          FormatCount(consumer.lag_events(), "event"),
          consumer.connected() ? "yes" : "no",
          seconds == 0 ? "never" : FormatTimestamp(seconds * 1'000'000) + "Z"};
}

const std::vector<std::string> kHeading = {"SOURCE", "NAME",      "ACKNOWLEDGED",
                                           "LAG",    "CONNECTED", "LAST ACKNOWLEDGED"};

}  // namespace

absl::Status ListConsumers(Client& client, const std::string& source) {
  v1::ListConsumersRequest request;
  request.set_source(source);
  v1::ListConsumersResponse response;
  grpc::Status listed = Call(client.consumers(), &v1::Consumers::Stub::List, request, &response);
  if (!listed.ok()) return client.ToStatus(listed);
  std::vector<std::vector<std::string>> rows = {kHeading};
  for (const v1::Consumer& consumer : response.consumers()) rows.push_back(Row(consumer));
  std::fputs(FormatTable(rows).c_str(), stdout);
  return absl::OkStatus();
}

absl::Status ResetConsumer(Client& client, const ResetOptions& options) {
  if (options.to.empty() == (options.sequence == 0)) {
    return absl::InvalidArgumentError("give either --to beginning|now or --to-sequence");
  }
  auto source = client.ResolveSource(options.source);
  if (!source.ok()) return source.status();
  v1::ResetConsumerRequest request;
  request.set_source(*source);
  request.set_name(options.name);
  if (options.to == "beginning") {
    request.set_beginning(true);
  } else if (options.to == "now") {
    request.set_now(true);
  } else {
    request.set_sequence(options.sequence);
  }
  v1::Consumer consumer;
  grpc::Status reset = Call(client.consumers(), &v1::Consumers::Stub::Reset, request, &consumer);
  if (reset.ok()) std::fputs(FormatTable({kHeading, Row(consumer)}).c_str(), stdout);
  return client.ToStatus(reset);
}

absl::Status DeleteConsumer(Client& client, const std::string& source, const std::string& name) {
  auto resolved = client.ResolveSource(source);
  if (!resolved.ok()) return resolved.status();
  v1::DeleteConsumerRequest request;
  request.set_source(*resolved);
  request.set_name(name);
  v1::DeleteConsumerResponse response;
  return client.ToStatus(
      Call(client.consumers(), &v1::Consumers::Stub::Delete, request, &response));
}

}  // namespace tidemark::service
