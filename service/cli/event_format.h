#ifndef TIDEMARK_SERVICE_CLI_EVENT_FORMAT_H_
#define TIDEMARK_SERVICE_CLI_EVENT_FORMAT_H_

#include <cstdint>
#include <string>
#include <unordered_map>

#include "tidemark/v1/event.pb.h"

namespace tidemark::service {

// Events of one stream as lines, for people and for programs. Learns the schemas as they come. Not
// thread-safe.
class EventFormat {
 public:
  // One JSON object: {"sequence":7,"change":{"op":"update","table":"public.orders",...}}.
  std::string JsonLine(const v1::Event& event);

  // "7  12:30:00.123  UPDATE    public.orders  id=7  status='new' → 'paid'". Several changes stay
  // one line each.
  std::string HumanLine(const v1::Event& event);

 private:
  // Remembers a schema that the event announces.
  void Learn(const v1::Event& event);
  const v1::TableSchema& SchemaOf(const v1::Change& change) const;

  std::unordered_map<uint32_t, v1::TableSchema> schemas_;
  // By table id, for snapshot marks.
  std::unordered_map<uint32_t, std::string> tables_;
  v1::TableSchema unknown_;
};

// "16/B374D848", or "file:offset".
std::string FormatPosition(const v1::Position& position);
// "create"
std::string OpName(v1::Op op);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_EVENT_FORMAT_H_
