#ifndef TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_
#define TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "service/kafka/connect_type.h"
#include "service/kafka/decimal_bytes.h"

namespace tidemark::service::kafka {

// Append the JSON form of values that the stream carries as PostgreSQL's own text. False: the text
// is none of the type's; then `out` has a part of it. Pure and thread-safe.

// Of point, box, lseg, path, polygon, line and circle: "(1,2)", "[(0,0),(1,1)]", "<(1,2),3>".
bool AppendGeometric(std::string& out, Encoding encoding, std::string_view text);
// "\"a\"=>\"1\", \"b\"=>NULL" as the text of a JSON object.
bool AppendHstore(std::string& out, std::string_view text);
// PostGIS's geometry or geography, in hexadecimal.
bool AppendEwkb(std::string& out, bool geography, std::string_view text);
// pgvector's "[1,2,3]", of doubles or of floats, and "{1:1.5,3:2}/5".
bool AppendVectorText(std::string& out, bool half, std::string_view text);
bool AppendSparseVector(std::string& out, std::string_view text);

// "-$1,234.56" (lc_monetary is C).
bool ParseMoney(std::string_view text, Decimal* decimal);

// WKB of a point, little endian: its coordinates. False: it is none.
bool ReadWkbPoint(std::string_view wkb, double* x, double* y);
void AppendPoint(std::string& out, double x, double y, std::string_view wkb, uint32_t srid);
// `extensions`: JSON text. A srid of 0 is null.
void AppendGeometry(std::string& out, std::string_view wkb, uint32_t srid,
                    std::string_view extensions);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_SERVER_TEXT_H_
