#ifndef TIDEMARK_CAPTURE_MYSQL_XA_ID_H_
#define TIDEMARK_CAPTURE_MYSQL_XA_ID_H_

#include <cstdint>
#include <string>

namespace tidemark::capture::mysql {

// The identity of an XA transaction, whichever way the log tells it (XA statements as text, the
// XA_PREPARE event, MariaDB's GTID event). Source: MySQL 8.4 sql/xa.h, MariaDB 11.8 sql/handler.h
// (XID).
struct XaId {
  uint32_t format = 1;
  std::string gtrid;  // at most 64 bytes
  std::string bqual;  // at most 64 bytes

  // Equal ids give equal bytes, different ids different ones: format (4 bytes, little endian),
  // length of gtrid (1 byte), gtrid, bqual.
  std::string Key() const {
    std::string key;
    for (int shift = 0; shift < 32; shift += 8) key.push_back(static_cast<char>(format >> shift));
    key.push_back(static_cast<char>(gtrid.size()));
    return key + gtrid + bqual;
  }

  friend bool operator==(const XaId&, const XaId&) = default;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_XA_ID_H_
