// EXPECT_ERROR(statement, code, "part of the message"): the statement throws wean::Error with that code and a message
// that holds the part and is one line.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/base/error.h"

namespace wean::testing {

inline void expect_error(const std::function<void()>& action, ErrorCode code, const std::string& part) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(part));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
    return;
  }
  ADD_FAILURE() << "no error; expected one that says: " << part;
}

}  // namespace wean::testing

#define EXPECT_ERROR(statement, code, part) ::wean::testing::expect_error([&] { (void)(statement); }, code, part)
