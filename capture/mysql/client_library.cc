#include "capture/mysql/client_library.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {
namespace {

using Mode = ConnectionOptions::Tls::Mode;

// An event has up to 1 GiB (MySQL's max_log_event_size), and its packet a status byte more.
constexpr size_t kPacketBytesMax = (size_t{1} << 30) + (size_t{1} << 20);

constexpr uint16_t kDumpNonBlock = 1;  // BINLOG_DUMP_NON_BLOCK
constexpr uint16_t kDumpAnnotate = 2;  // BINLOG_SEND_ANNOTATE_ROWS_EVENT

uint16_t DumpFlags(const DumpRequest& request) {
  return static_cast<uint16_t>((request.stop_at_end ? kDumpNonBlock : 0) |
                               (request.annotations ? kDumpAnnotate : 0));
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

#ifdef MARIADB_PACKAGE_VERSION

// MYSQL_OPT_SSL_ENFORCE makes it ask for TLS; whether it got TLS is checked after connecting. It
// verifies chain and name together.
void SetTlsMode(MYSQL* mysql, Mode mode) {
  my_bool ask = mode != Mode::kDisabled;
  my_bool verify = mode == Mode::kVerifyCa || mode == Mode::kVerifyIdentity;
  mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &ask);
  mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void AppendNumber(std::string& out, uint64_t value, int bytes) {
  for (int byte = 0; byte < bytes; ++byte) out.push_back(static_cast<char>(value >> (8 * byte)));
}

constexpr int kComBinlogDump = 0x12;
constexpr int kComBinlogDumpGtid = 0x1e;

std::string DumpPayload(const DumpRequest& request) {
  std::string payload;
  AppendNumber(payload, request.offset, 4);
  AppendNumber(payload, DumpFlags(request), 2);
  AppendNumber(payload, request.server_id, 4);
  return payload + request.file;
}

std::string DumpGtidPayload(const DumpRequest& request) {
  std::string payload;
  AppendNumber(payload, DumpFlags(request), 2);
  AppendNumber(payload, request.server_id, 4);
  AppendNumber(payload, 0, 4);  // no file name
  AppendNumber(payload, 4, 8);
  AppendNumber(payload, request.gtid_set_encoded->size(), 4);
  return payload + *request.gtid_set_encoded;
}

#else

void SetTlsMode(MYSQL* mysql, Mode mode) {
  unsigned value = mode == Mode::kDisabled    ? SSL_MODE_DISABLED
                   : mode == Mode::kPreferred ? SSL_MODE_PREFERRED
                   : mode == Mode::kRequired  ? SSL_MODE_REQUIRED
                   : mode == Mode::kVerifyCa  ? SSL_MODE_VERIFY_CA
                                              : SSL_MODE_VERIFY_IDENTITY;
  mysql_options(mysql, MYSQL_OPT_SSL_MODE, &value);
  // Connector/C does so unasked.
  bool get_key = mode == Mode::kDisabled || mode == Mode::kPreferred;
  mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &get_key);
}

#endif

void SetTls(MYSQL* mysql, const ConnectionOptions::Tls& tls) {
  if (tls.mode != Mode::kDisabled) {
    mysql_options(mysql, MYSQL_OPT_SSL_CA, OrNull(tls.ca));
    mysql_options(mysql, MYSQL_OPT_SSL_CERT, OrNull(tls.cert));
    mysql_options(mysql, MYSQL_OPT_SSL_KEY, OrNull(tls.key));
  }
  SetTlsMode(mysql, tls.mode);
}

}  // namespace

void StartClientLibrary() {
  [[maybe_unused]] static const int started = mysql_library_init(0, nullptr, nullptr);
}

MysqlPtr NewClientHandle(const ConnectionOptions& options, unsigned connect_timeout_s) {
  StartClientLibrary();
  MysqlPtr handle(mysql_init(nullptr));
  MYSQL* mysql = handle.get();
  if (mysql == nullptr) return handle;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout_s);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  // "localhost" would be taken for a Unix socket otherwise.
  unsigned protocol = options.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
  size_t packet = kPacketBytesMax;
  mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
#ifdef TIDEMARK_MYSQL_PLUGINS
  mysql_options(mysql, MYSQL_PLUGIN_DIR, TIDEMARK_MYSQL_PLUGINS);
#endif
  SetTls(mysql, options.tls);
  return handle;
}

int SocketOf(MYSQL* mysql) { return static_cast<int>(mysql->net.fd); }

#ifdef MARIADB_PACKAGE_VERSION

bool DumpPackets::Start(const DumpRequest& request) {
  const bool by_gtid = request.gtid_set_encoded != nullptr;
  const std::string payload = by_gtid ? DumpGtidPayload(request) : DumpPayload(request);
  const auto command =
      static_cast<enum_server_command>(by_gtid ? kComBinlogDumpGtid : kComBinlogDump);
  return mysql_->methods->db_command(mysql_, command, payload.data(), payload.size(),
                                     /*skip_check=*/1, nullptr) == 0;
}

DumpPackets::Got DumpPackets::Next(std::string_view* event) {
  const unsigned long size = mysql_net_read_packet(mysql_);
  // An unsigned int, whatever the function returns.
  if (size == packet_error) return Got::kError;
  const auto* packet = reinterpret_cast<const char*>(mysql_->net.read_pos);
  constexpr unsigned char kEof = 0xfe;
  if (size == 0 || (size < 9 && static_cast<unsigned char>(*packet) == kEof)) return Got::kEnd;
  *event = std::string_view(packet + 1, size - 1);
  return Got::kEvent;
}

#else

bool DumpPackets::Start(const DumpRequest& request) {
  request_ = request;
  dump_.server_id = request_.server_id;
  dump_.flags = DumpFlags(request_);
  dump_.start_position = request_.offset;
  if (request_.gtid_set_encoded != nullptr) {
    dump_.flags |= MYSQL_RPL_GTID;
    dump_.start_position = 4;
    dump_.gtid_set_encoded_size = request_.gtid_set_encoded->size();
    dump_.gtid_set_arg = const_cast<char*>(request_.gtid_set_encoded->data());
  } else {
    dump_.file_name = request_.file.c_str();
    dump_.file_name_length = request_.file.size();
  }
  const bool started = mysql_binlog_open(mysql_, &dump_) == 0;
  dump_.gtid_set_arg = nullptr;
  request_.gtid_set_encoded = nullptr;
  return started;
}

DumpPackets::Got DumpPackets::Next(std::string_view* event) {
  if (mysql_binlog_fetch(mysql_, &dump_) != 0) return Got::kError;
  if (dump_.size == 0) return Got::kEnd;
  *event = std::string_view(reinterpret_cast<const char*>(dump_.buffer) + 1, dump_.size - 1);
  return Got::kEvent;
}

#endif

}  // namespace tidemark::capture::mysql
