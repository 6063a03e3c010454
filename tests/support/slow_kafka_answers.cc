// A plugin of Kafka clients (plugin.library.paths): each answer to records waits before the client
// handles it, as on a machine that gives the client's threads no time.

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <thread>

namespace {

constexpr int16_t kProduce = 0;
constexpr std::chrono::milliseconds kWait{100};

rd_kafka_resp_err_t OnAnswer(rd_kafka_t*, int /*socket*/, const char* /*broker*/, int32_t /*id*/,
                             int16_t request, int16_t /*version*/, int32_t /*correlation_id*/,
                             size_t /*bytes*/, int64_t /*round_trip_us*/, rd_kafka_resp_err_t,
                             void*) {
  if (request == kProduce) std::this_thread::sleep_for(kWait);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnNew(rd_kafka_t* client, const rd_kafka_conf_t*, void*, char*, size_t) {
  return rd_kafka_interceptor_add_on_response_received(client, "slow answers", &OnAnswer, nullptr);
}

}  // namespace

extern "C" rd_kafka_resp_err_t conf_init(rd_kafka_conf_t* conf, void**, char*, size_t) {
  return rd_kafka_conf_interceptor_add_on_new(conf, "slow answers", &OnNew, nullptr);
}
