#ifndef TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_
#define TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "service/kafka/connect_type.h"
#include "service/kafka/connect_writer.h"
#include "service/kafka/decimal_bytes.h"

namespace tidemark::service::kafka {

// Write values that the stream carries as PostgreSQL's own text. False: the text is none of the
// type's; then a part of it is written. Pure and thread-safe.

// Of point, box, lseg, path, polygon, line and circle: "(1,2)", "[(0,0),(1,1)]", "<(1,2),3>".
bool WriteGeometric(ConnectWriter& out, Encoding encoding, std::string_view text);
// "\"a\"=>\"1\", \"b\"=>NULL" as the text of a JSON object.
bool WriteHstore(ConnectWriter& out, std::string_view text);
// PostGIS's geometry or geography, in hexadecimal.
bool WriteEwkb(ConnectWriter& out, bool geography, std::string_view text);
// pgvector's "[1,2,3]", of doubles or of floats, and "{1:1.5,3:2}/5".
bool WriteVectorText(ConnectWriter& out, bool half, std::string_view text);
bool WriteSparseVector(ConnectWriter& out, std::string_view text);

// "-$1,234.56" (lc_monetary is C).
bool ParseMoney(std::string_view text, Decimal* decimal);

// WKB of a point, little endian: its coordinates. False: it is none.
bool ReadWkbPoint(std::string_view wkb, double* x, double* y);
void WritePoint(ConnectWriter& out, double x, double y, std::string_view wkb, uint32_t srid);
// A srid of 0 is null, and so are no extensions.
using GeometryExtensions = std::initializer_list<std::pair<std::string_view, std::string_view>>;
void WriteGeometry(ConnectWriter& out, std::string_view wkb, uint32_t srid,
                   GeometryExtensions extensions);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_
