// The shop on PostgreSQL.

#include "absl/strings/substitute.h"
#include "tests/workload/writer.h"

namespace tidemark::workload {
namespace {

class PostgresWriter : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string UpdateCustomer() override {
    return absl::Substitute(
        "UPDATE customers SET balance = balance + $0, tags = tags[1:3] || 'w$1'::text, "
        "version = nextval('row_version') WHERE id = $2;",
        Pick(1000), Pick(100), 1 + Pick(2000));
  }

  std::string UpdateStock() override {
    return absl::Substitute(
        "UPDATE products SET stock = stock + $0 - 50, attributes = attributes || "
        "jsonb_build_object('seen', $0), version = nextval('row_version') WHERE id = $1;",
        Pick(100), 1 + Pick(500));
  }

  std::string AdvanceOrders() override {
    const int64_t from = 1 + Pick(2000);
    return absl::Substitute(
        "UPDATE orders SET state = 'paid', due = due + 1, version = nextval('row_version') "
        "WHERE id BETWEEN $0 AND $1;",
        from, from + Pick(20));
  }

  std::string PlaceOrder() override {
    const int64_t id = OwnKey();
    return Transaction(absl::Substitute(
        "INSERT INTO orders SELECT $0, $1, 'new', $2, now(), NULL, nextval('row_version') "
        "ON CONFLICT (id) DO UPDATE SET total = excluded.total, version = nextval('row_version');"
        "INSERT INTO order_items SELECT $0, line, $1, line, 1.5, nextval('row_version') "
        "FROM generate_series(1, 3) line ON CONFLICT (order_id, line) DO UPDATE "
        "SET quantity = order_items.quantity + 1, version = nextval('row_version');"
        "$3$4",
        id, 1 + Pick(500), Pick(10'000), UpdateStock(), UpdateCustomer()));
  }

  std::string DeleteOrder() override {
    const int64_t id = OwnKey();
    return Transaction(
        absl::Substitute("DELETE FROM order_items WHERE order_id BETWEEN $0 AND $0 + 20;"
                         "DELETE FROM orders WHERE id BETWEEN $0 AND $0 + 20;",
                         id));
  }

  std::string ChangeKey() override {
    return Transaction(absl::Substitute(
        "UPDATE orders SET id = $1, version = nextval('row_version') WHERE id = (SELECT id FROM "
        "orders "
        "WHERE id BETWEEN $0 AND $2 LIMIT 1) AND NOT EXISTS (SELECT FROM orders WHERE id = $1);",
        first_key(), OwnKey(), first_key() + kKeysPerWriter));
  }

  // The log then does not carry the large text.
  std::string EditTitle() override {
    return absl::Substitute(
        "UPDATE documents SET title = 'edited $0', version = nextval('row_version') "
        "WHERE id = 'doc-$1'",
        Pick(1'000'000), 1 + Pick(500));
  }

  std::string WriteDocument() override {
    return absl::Substitute(
        "INSERT INTO documents SELECT 'own-$0', 'new', (SELECT string_agg(md5('$1' || n), '') FROM "
        "generate_series(1, $2) n), NULL, nextval('row_version') ON CONFLICT (id) DO UPDATE SET "
        "body = excluded.body, checksum = '\\x00ff', version = nextval('row_version')",
        first_key() + Pick(200), Pick(1'000'000), 60 + Pick(200));
  }

  std::string RenameDocument() override {
    return Transaction(absl::Substitute(
        "DELETE FROM documents WHERE id = 'own-$0';"
        "UPDATE documents SET id = 'own-$0', version = nextval('row_version') WHERE id = 'own-$1';",
        first_key() + Pick(200), first_key() + Pick(200)));
  }
};

}  // namespace

const char kPostgresTables[] = R"(
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

const char kPostgresRows[] = R"(
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

std::unique_ptr<Writer> MakePostgresWriter(int number, uint64_t seed) {
  return std::make_unique<PostgresWriter>(number, seed);
}

}  // namespace tidemark::workload
