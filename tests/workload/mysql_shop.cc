// The shop on MySQL and MariaDB. UUID_SHORT() counts up for the server's whole life, over restarts,
// and is asked only after the row's lock is held: it stands for a sequence.

#include "absl/strings/substitute.h"
#include "tests/workload/writer.h"

namespace tidemark::workload {
namespace {

class MysqlWriter : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string UpdateCustomer() override {
    return absl::Substitute(
        "UPDATE customers SET balance = balance + $0, tags = $1, version = UUID_SHORT() "
        "WHERE id = $2;",
        Pick(1000), Pick(16), 1 + Pick(2000));
  }

  std::string UpdateStock() override {
    return absl::Substitute(
        "UPDATE products SET stock = stock + $0 - 50, "
        "attributes = JSON_SET(attributes, '$$.seen', $0), version = UUID_SHORT() WHERE id = $1;",
        Pick(100), 1 + Pick(500));
  }

  std::string AdvanceOrders() override {
    const int64_t from = 1 + Pick(2000);
    return absl::Substitute(
        "UPDATE orders SET state = 'paid', due = due + INTERVAL 1 DAY, version = UUID_SHORT() "
        "WHERE id BETWEEN $0 AND $1;",
        from, from + Pick(20));
  }

  std::string PlaceOrder() override {
    const int64_t id = OwnKey();
    return Transaction(absl::Substitute(
        "INSERT INTO orders VALUES ($0, $1, 'new', $2, now(3), NULL, UUID_SHORT()) "
        "ON DUPLICATE KEY UPDATE total = VALUES(total), version = UUID_SHORT();"
        "INSERT INTO order_items VALUES ($0, 1, $1, 1, 1.5, UUID_SHORT()), "
        "($0, 2, $1, 2, 1.5, UUID_SHORT()), ($0, 3, $1, 3, 1.5, UUID_SHORT()) "
        "ON DUPLICATE KEY UPDATE quantity = quantity + 1, version = UUID_SHORT();"
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
        "SET @from = (SELECT min(id) FROM orders WHERE id BETWEEN $0 AND $2);"
        "SET @taken = (SELECT count(*) FROM orders WHERE id = $1);"
        "UPDATE orders SET id = $1, version = UUID_SHORT() WHERE id = @from AND @taken = 0;",
        first_key(), OwnKey(), first_key() + kKeysPerWriter));
  }

  std::string EditTitle() override {
    return absl::Substitute(
        "UPDATE documents SET title = 'edited $0', version = UUID_SHORT() WHERE id = 'doc-$1'",
        Pick(1'000'000), 1 + Pick(500));
  }

  std::string WriteDocument() override {
    return absl::Substitute(
        "INSERT INTO documents VALUES ('own-$0', 'new', repeat(sha2('$1', 256), $2), NULL, "
        "UUID_SHORT()) "
        "ON DUPLICATE KEY UPDATE body = VALUES(body), checksum = x'00ff', version = UUID_SHORT()",
        first_key() + Pick(200), Pick(1'000'000), 30 + Pick(100));
  }

  std::string RenameDocument() override {
    const int64_t from = first_key() + Pick(200);
    const int64_t to = first_key() + Pick(200);
    if (from == to) return Transaction("");
    return Transaction(absl::Substitute(
        "DELETE FROM documents WHERE id = 'own-$0';"
        "UPDATE documents SET id = 'own-$0', version = UUID_SHORT() WHERE id = 'own-$1';",
        to, from));
  }
};

}  // namespace

const char kMysqlTables[] = R"(
CREATE TABLE customers (
  id bigint PRIMARY KEY, name varchar(100) NOT NULL, email varchar(100),
  balance decimal(12,2) NOT NULL DEFAULT 0, tags set('new', 'loyal', 'late', 'gone') NOT NULL,
  created timestamp(6) NOT NULL DEFAULT now(6), version bigint NOT NULL);
CREATE TABLE products (
  id bigint PRIMARY KEY, name varchar(100) NOT NULL, price decimal(10,2) NOT NULL, stock int NOT NULL,
  attributes json NOT NULL, version bigint NOT NULL);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id bigint NOT NULL,
  state enum('new', 'paid', 'sent', 'returned') NOT NULL DEFAULT 'new',
  total decimal(12,2) NOT NULL DEFAULT 0, placed datetime(3) NOT NULL, due date, version bigint NOT NULL);
CREATE TABLE order_items (
  order_id bigint, line int, product_id bigint NOT NULL, quantity int NOT NULL, price float,
  version bigint NOT NULL, PRIMARY KEY (order_id, line));
CREATE TABLE documents (
  id varchar(40) PRIMARY KEY, title varchar(100) NOT NULL, body mediumtext, checksum varbinary(16),
  version bigint NOT NULL);
)";

// $0 customers, $1 products; the rows of $2 customers, $3 products, $4 orders, $5 documents.
const char kMysqlRows[] = R"(
INSERT INTO customers SELECT i, concat('customer ', i), if(i % 7 <> 0, concat('c', i, '@example.org'), NULL),
  (i * 37 % 100000) / 100.0, i % 16, timestamp '2024-01-01 00:00:00' + INTERVAL i * 7 MINUTE, UUID_SHORT() FROM $2;
INSERT INTO products SELECT i, concat('product ', i), (i * 91 % 50000) / 100.0, i % 1000,
  json_object('weight', i % 90, 'colour', elt(i % 3 + 1, 'red', 'green', 'blue')), UUID_SHORT() FROM $3;
INSERT INTO orders SELECT i, i % $0 + 1, elt(i % 3 + 1, 'new', 'paid', 'sent'), (i * 17 % 90000) / 100.0,
  timestamp '2024-01-01 00:00:00' + INTERVAL i * 3 MINUTE, date '2024-01-01' + INTERVAL i % 365 DAY,
  UUID_SHORT() FROM $4;
INSERT INTO order_items SELECT i, line, (i * 3 + line) % $1 + 1, line + i % 4, (i % 1000) / 8.0, UUID_SHORT()
  FROM $4, (SELECT 1 AS line UNION ALL SELECT 2) pair;
INSERT INTO documents SELECT concat('doc-', i), concat('title ', i), repeat(sha2(i, 256), 40), unhex(left(sha2(i, 256), 32)),
  UUID_SHORT() FROM $5;
)";

std::unique_ptr<Writer> MakeMysqlWriter(int number, uint64_t seed) {
  return std::make_unique<MysqlWriter>(number, seed);
}

}  // namespace tidemark::workload
