#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/workload/workload.h"

namespace tidemark::workload {
namespace {

constexpr char kTables[] = R"(
CREATE SEQUENCE row_version;
CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent', 'returned');
CREATE TABLE customers (
  id bigint PRIMARY KEY, name text NOT NULL, email text, balance numeric(12,2) NOT NULL DEFAULT 0,
  tags text[] NOT NULL DEFAULT '{}', created timestamptz NOT NULL DEFAULT now(), version bigint NOT NULL);
CREATE TABLE products (
  id bigint PRIMARY KEY, name text NOT NULL, price numeric(10,2) NOT NULL, stock int NOT NULL,
  attributes jsonb NOT NULL, version bigint NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL, state order_state NOT NULL DEFAULT 'new',
  total numeric(12,2) NOT NULL DEFAULT 0, placed timestamp NOT NULL DEFAULT now(), due date,
  version bigint NOT NULL);
CREATE TABLE order_items (
  order_id bigint, line int, product_id bigint NOT NULL, quantity int NOT NULL, price real,
  version bigint NOT NULL, PRIMARY KEY (order_id, line));
CREATE TABLE documents (
  id text PRIMARY KEY, title text NOT NULL, body text, checksum bytea, version bigint NOT NULL);
ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
)";

// $0 customers, $1 products, $2 orders, $3 documents.
constexpr char kRows[] = R"(
INSERT INTO customers SELECT i, 'customer ' || i, CASE WHEN i % 7 <> 0 THEN 'c' || i || '@example.org' END,
  (i * 37 % 100000) / 100.0, ARRAY['t' || i % 5, 'x' || i % 3], timestamptz '2024-01-01' + i * interval '7 min',
  nextval('row_version') FROM generate_series(1, $0) i;
INSERT INTO products SELECT i, 'product ' || i, (i * 91 % 50000) / 100.0, i % 1000,
  jsonb_build_object('weight', i % 90, 'colour', (ARRAY['red', 'green', 'blue'])[i % 3 + 1]),
  nextval('row_version') FROM generate_series(1, $1) i;
INSERT INTO orders SELECT i, i % $0 + 1, (ARRAY['new', 'paid', 'sent'])[i % 3 + 1]::order_state,
  (i * 17 % 90000) / 100.0, timestamp '2024-01-01' + i * interval '3 min', date '2024-01-01' + i % 365,
  nextval('row_version') FROM generate_series(1, $2) i;
INSERT INTO order_items SELECT i, line, (i * 3 + line) % $1 + 1, line + i % 4, (i % 1000) / 8.0,
  nextval('row_version') FROM generate_series(1, $2) i, generate_series(1, 2) line;
INSERT INTO documents SELECT 'doc-' || i, 'title ' || i,
  (SELECT string_agg(md5(i || '-' || n), '') FROM generate_series(1, 80) n),
  decode(md5(i::text), 'hex'), nextval('row_version') FROM generate_series(1, $3) i;
ANALYZE;
)";

}  // namespace

std::vector<std::string> Tables() {
  return {"public.customers", "public.products", "public.orders", "public.order_items",
          "public.documents"};
}

absl::Status CreateTables(testing::SqlConnection& connection) { return connection.Exec(kTables); }

absl::Status Load(testing::SqlConnection& connection, uint64_t rows) {
  const uint64_t hundredth = std::max<uint64_t>(rows / 100, 1);
  return connection.Exec(
      absl::Substitute(kRows, 17 * hundredth, 7 * hundredth, 25 * hundredth, hundredth));
}

}  // namespace tidemark::workload
