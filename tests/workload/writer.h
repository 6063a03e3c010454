#ifndef TIDEMARK_TESTS_WORKLOAD_WRITER_H_
#define TIDEMARK_TESTS_WORKLOAD_WRITER_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/session.h"

namespace tidemark::workload {

// The transactions of one writing session, one after the other; they follow from the seed.
class Writer {
 public:
  Writer(int number, uint64_t seed) : first_key_(kOwnKeys * (number + 1)), random_(seed) {}
  virtual ~Writer() = default;

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

 protected:
  // Keys that a writer makes and deletes are its own, so that no insert can wait for another
  // session's delete and then carry a version that it took before.
  static constexpr int64_t kOwnKeys = 1'000'000;
  static constexpr int64_t kKeysPerWriter = 5'000;

  int64_t Pick(int64_t count) { return static_cast<int64_t>(random_() % count); }
  int64_t OwnKey() { return first_key_ + Pick(kKeysPerWriter); }
  int64_t first_key() const { return first_key_; }

  static std::string Transaction(const std::string& statements) {
    return absl::StrCat("BEGIN;", statements, "COMMIT");
  }

 private:
  // Statements that end in ";".
  virtual std::string UpdateCustomer() = 0;
  virtual std::string UpdateStock() = 0;
  virtual std::string AdvanceOrders() = 0;
  // Whole transactions.
  virtual std::string PlaceOrder() = 0;
  virtual std::string DeleteOrder() = 0;
  // Moves an order of its own to a key that is free.
  virtual std::string ChangeKey() = 0;
  // Leaves the large text alone.
  virtual std::string EditTitle() = 0;
  virtual std::string WriteDocument() = 0;
  // A key change that leaves the large text alone.
  virtual std::string RenameDocument() = 0;

  const int64_t first_key_;
  std::mt19937_64 random_;
};

std::unique_ptr<Writer> MakePostgresWriter(int number, uint64_t seed);
std::unique_ptr<Writer> MakeMysqlWriter(int number, uint64_t seed);

// What makes the tables, and what fills them: templates, of which tables.cc says what is put in.
extern const char kPostgresTables[];
extern const char kPostgresRows[];
extern const char kMysqlTables[];
extern const char kMysqlRows[];

}  // namespace tidemark::workload

#endif  // TIDEMARK_TESTS_WORKLOAD_WRITER_H_
