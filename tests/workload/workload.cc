#include "tests/workload/workload.h"

#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tidemark::workload {
namespace {

using testing::SqlConnection;

// Keys that a writer makes and deletes are its own, so that no insert can wait for another
// session's delete and then carry a version that it took before.
constexpr int64_t kOwnKeys = 1'000'000;
constexpr int64_t kKeysPerWriter = 5'000;

class Writer {
 public:
  Writer(int number, uint64_t seed) : first_key_(kOwnKeys * (number + 1)), random_(seed) {}

  // One transaction.
  std::string Next() {
    switch (Pick(12)) {
      case 0:
      case 1:
        return PlaceOrder();
      case 2:
        return absl::StrCat(UpdateCustomer(), UpdateCustomer());
      case 3:
        return Transaction(UpdateCustomer());
      case 4:
        return ChangeKey();
      case 5:
        return DeleteOrder();
      case 6:
        return EditTitle();
      case 7:
        return WriteDocument();
      case 8:
        return Transaction(absl::StrCat(UpdateStock(), UpdateStock(), AdvanceOrders()));
      case 9:
        return RenameDocument();
      case 10:
        return absl::StrCat("BEGIN;", UpdateCustomer(), UpdateStock(), "ROLLBACK");
      default:
        return Transaction(AdvanceOrders());
    }
  }

 private:
  int64_t Pick(int64_t count) { return static_cast<int64_t>(random_() % count); }
  int64_t OwnKey() { return first_key_ + Pick(kKeysPerWriter); }

  static std::string Transaction(const std::string& statements) {
    return absl::StrCat("BEGIN;", statements, "COMMIT");
  }

  std::string UpdateCustomer() {
    return absl::Substitute(
        "UPDATE customers SET balance = balance + $0, tags = tags[1:3] || 'w$1'::text, "
        "version = nextval('row_version') WHERE id = $2;",
        Pick(1000), Pick(100), 1 + Pick(2000));
  }

  std::string UpdateStock() {
    return absl::Substitute(
        "UPDATE products SET stock = stock + $0 - 50, attributes = attributes || "
        "jsonb_build_object('seen', $0), version = nextval('row_version') WHERE id = $1;",
        Pick(100), 1 + Pick(500));
  }

  std::string AdvanceOrders() {
    const int64_t from = 1 + Pick(2000);
    return absl::Substitute(
        "UPDATE orders SET state = 'paid', due = due + 1, version = nextval('row_version') "
        "WHERE id BETWEEN $0 AND $1;",
        from, from + Pick(20));
  }

  std::string PlaceOrder() {
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

  std::string DeleteOrder() {
    const int64_t id = OwnKey();
    return Transaction(
        absl::Substitute("DELETE FROM order_items WHERE order_id BETWEEN $0 AND $0 + 20;"
                         "DELETE FROM orders WHERE id BETWEEN $0 AND $0 + 20;",
                         id));
  }

  // Moves an order of its own to a key that is free.
  std::string ChangeKey() {
    return Transaction(absl::Substitute(
        "UPDATE orders SET id = $1, version = nextval('row_version') WHERE id = (SELECT id FROM "
        "orders "
        "WHERE id BETWEEN $0 AND $2 LIMIT 1) AND NOT EXISTS (SELECT FROM orders WHERE id = $1);",
        first_key_, OwnKey(), first_key_ + kKeysPerWriter));
  }

  // Leaves the large text alone: the log then does not carry it.
  std::string EditTitle() {
    return absl::Substitute(
        "UPDATE documents SET title = 'edited $0', version = nextval('row_version') "
        "WHERE id = 'doc-$1'",
        Pick(1'000'000), 1 + Pick(500));
  }

  std::string WriteDocument() {
    return absl::Substitute(
        "INSERT INTO documents SELECT 'own-$0', 'new', (SELECT string_agg(md5('$1' || n), '') FROM "
        "generate_series(1, $2) n), NULL, nextval('row_version') ON CONFLICT (id) DO UPDATE SET "
        "body = excluded.body, checksum = '\\x00ff', version = nextval('row_version')",
        first_key_ + Pick(200), Pick(1'000'000), 60 + Pick(200));
  }

  // A key change that leaves the large text alone.
  std::string RenameDocument() {
    return Transaction(absl::Substitute(
        "DELETE FROM documents WHERE id = 'own-$0';"
        "UPDATE documents SET id = 'own-$0', version = nextval('row_version') WHERE id = 'own-$1';",
        first_key_ + Pick(200), first_key_ + Pick(200)));
  }

  const int64_t first_key_;
  std::mt19937_64 random_;
};

bool IsDeadlock(const absl::Status& status) { return absl::StartsWith(status.message(), "40P01"); }

}  // namespace

Writers::Writers(const WriterOptions& options) : options_(options), results_(options.writers) {
  for (int number = 0; number < options_.writers; ++number) {
    threads_.emplace_back([this, number](std::stop_token stop) { Run(std::move(stop), number); });
  }
}

Writers::~Writers() { Stop().IgnoreError(); }

absl::Status Writers::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  absl::Status first;
  for (const absl::Status& result : results_) first.Update(result);
  return first;
}

void Writers::Run(std::stop_token stop, int number) {
  Writer writer(number, options_.seed * 1000 + number);
  std::unique_ptr<SqlConnection> session;
  absl::Time next = absl::Now();
  while (!stop.stop_requested()) {
    absl::Status status;
    if (session == nullptr || !session->Connected()) {
      auto opened = SqlConnection::Open(options_.connection);
      status = opened.status();
      if (status.ok()) session = *std::move(opened);
    }
    if (status.ok()) status = session->Exec(writer.Next());
    if (status.ok()) {
      ++transaction_count_;
    } else if (IsDeadlock(status)) {
      status = session->Exec("ROLLBACK");
    } else if (options_.reconnect && !IsDeadlock(status)) {
      session.reset();
      absl::SleepFor(absl::Milliseconds(50));
      continue;
    }
    if (!status.ok()) {
      results_[number] = status;
      return;
    }
    if (options_.transactions_per_second == 0) continue;
    next += absl::Seconds(1) / options_.transactions_per_second;
    absl::SleepFor(next - absl::Now());
  }
}

}  // namespace tidemark::workload
