#ifndef TIDEMARK_TESTS_CAPTURE_MYSQL_SHARED_SERVER_H_
#define TIDEMARK_TESTS_CAPTURE_MYSQL_SHARED_SERVER_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "capture/mysql/connection.h"
#include "tests/support/mysql_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::capture::mysql {

inline ConnectionOptions OptionsFor(const testing::MysqlServer& server) {
  ConnectionOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<uint16_t>(server.port());
  options.user = "root";
  return options;
}

// Runs each test against each product. Tests that change nothing but their own database share one
// server a product; the others start their own.
class ServerTest : public ::testing::TestWithParam<testing::MysqlProduct> {
 protected:
  // A server with settings of its own.
  void StartOwn(testing::MysqlOptions options = {}) {
    options.product = GetParam();
    absl::StatusOr<std::unique_ptr<testing::MysqlServer>> started =
        testing::MysqlServer::Start(options);
    ASSERT_OK(started);
    own_ = *std::move(started);
    server_ = own_.get();
  }

  // The shared one, with an empty database `test`.
  void Share() {
    static auto* const servers =
        new std::map<testing::MysqlProduct, std::unique_ptr<testing::MysqlServer>>;
    std::unique_ptr<testing::MysqlServer>& server = (*servers)[GetParam()];
    if (server == nullptr) {
      StartOwn();
      if (server_ == nullptr) return;
      server = std::move(own_);
    }
    server_ = server.get();
    ASSERT_OK(server_->Exec("DROP DATABASE test; CREATE DATABASE test; USE test"));
  }

  testing::MysqlServer& server() { return *server_; }
  bool mariadb() const { return testing::IsMariaDb(GetParam()); }

  absl::StatusOr<std::unique_ptr<Connection>> Open() {
    return Connection::Open(OptionsFor(*server_));
  }

 private:
  std::unique_ptr<testing::MysqlServer> own_;
  testing::MysqlServer* server_ = nullptr;
};

#define TIDEMARK_ALL_PRODUCTS(suite)                                                 \
  INSTANTIATE_TEST_SUITE_P(Products, suite,                                          \
                           ::testing::ValuesIn(::tidemark::testing::kMysqlProducts), \
                           [](const auto& test) { return std::string(Name(test.param)); })

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_TESTS_CAPTURE_MYSQL_SHARED_SERVER_H_
