#include "common/base/error.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace wean {
namespace {

TEST(Error, CarriesCodeAndStreamedMessage) {
  EXPECT_ERROR(fail(ErrorCode::kMalformed, "a.wean", ": rank ", 9, "; at most ", 8), ErrorCode::kMalformed,
               "a.wean: rank 9; at most 8");
}

TEST(Error, RequireThrowsOnlyWhenFalse) {
  EXPECT_NO_THROW(require(true, ErrorCode::kIo, "unseen"));
  EXPECT_ERROR(require(false, ErrorCode::kOutOfReach, "seen"), ErrorCode::kOutOfReach, "seen");
}

}  // namespace
}  // namespace wean
