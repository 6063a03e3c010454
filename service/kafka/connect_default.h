#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_DEFAULT_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_DEFAULT_H_

#include <string>
#include <string_view>

#include "service/kafka/connect_type.h"

namespace tidemark::service::kafka {

// What a column's default expression comes to, as JSON text; "" where nothing is known, or the type
// is none of boolean, numbers, texts, dates and times. Pure and thread-safe.

// PostgreSQL's expressions: "0", "'abc'::text", "'2024-05-06'::date"; a call is the type's zero, as
// Debezium has it.
std::string PostgresDefault(const ConnectType& type, std::string_view expression);
// MySQL's numbers, dates and times; CURRENT_TIMESTAMP is zero. Its texts stand without quotes and
// are not told from expressions; MariaDB's have quotes.
std::string MysqlDefault(const ConnectType& type, std::string_view expression);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_DEFAULT_H_
