#ifndef TIDEMARK_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define TIDEMARK_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <gtest/gtest.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

template <typename T>
::testing::AssertionResult IsOk(const T& value) {
  if (StatusOf(value).ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << StatusOf(value).ToString();
}

}  // namespace tidemark::testing

// The expression is an absl::Status or absl::StatusOr.
#define ASSERT_OK(expression) ASSERT_TRUE(::tidemark::testing::IsOk(expression))
#define EXPECT_OK(expression) EXPECT_TRUE(::tidemark::testing::IsOk(expression))

#define TIDEMARK_CONCAT_INNER(left, right) left##right
#define TIDEMARK_CONCAT(left, right) TIDEMARK_CONCAT_INNER(left, right)
// ASSERT_OK_AND_ASSIGN(auto value, SomethingThatReturnsStatusOr());
#define ASSERT_OK_AND_ASSIGN(target, expression) \
  TIDEMARK_ASSIGN(TIDEMARK_CONCAT(status_or_, __LINE__), target, expression)
#define TIDEMARK_ASSIGN(holder, target, expression) \
  auto holder = (expression);                       \
  ASSERT_OK(holder);                                \
  target = *std::move(holder)

#endif  // TIDEMARK_TESTS_SUPPORT_STATUS_MATCHERS_H_
