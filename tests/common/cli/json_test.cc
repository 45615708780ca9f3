#include "common/cli/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>

namespace wean::cli {
namespace {

TEST(Json, KeepsTheOrderOfMembers) {
  const Json json = Json::object().set("z", 1).set("a", Json::array().push("x").push(true).push(Json()));
  EXPECT_EQ(json.dump(), "{\n  \"z\": 1,\n  \"a\": [\n    \"x\",\n    true,\n    null\n  ]\n}\n");
}

TEST(Json, SettingAgainReplaces) { EXPECT_EQ(Json::object().set("a", 1).set("a", 2).dump(), "{\n  \"a\": 2\n}\n"); }

TEST(Json, DoublesRoundTrip) {
  for (const double value : {0.1, 1.0 / 3, 0.45, 1e300, 5e-324, -0.0, std::nextafter(1.0, 2.0)}) {
    const std::string text = Json(value).dump();
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

TEST(Json, WholeIntegersSurvive) {
  EXPECT_EQ(Json(std::numeric_limits<std::uint64_t>::max()).dump(), "18446744073709551615\n");
  EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).dump(), "-9223372036854775808\n");
  EXPECT_EQ(Json(std::uint8_t{200}).dump(), "200\n");
}

TEST(Json, WhatJsonLacksIsNull) {
  EXPECT_EQ(Json(std::nan("")).dump(), "null\n");
  EXPECT_EQ(Json(INFINITY).dump(), "null\n");
}

TEST(Json, AnyBytesGiveTextThatParses) {
  const std::string hostile("a\"\\\n\x01\xff\xc3(b", 9);
  const nlohmann::json parsed = nlohmann::json::parse(Json::object().set(hostile, hostile).dump());
  EXPECT_EQ(parsed.begin().value(), "a\"\\\n\x01\xEF\xBF\xBD\xEF\xBF\xBD(b");
}

TEST(Json, CopiesAreIndependent) {
  Json first = Json::object().set("a", 1);
  const Json second = first;
  first.set("a", 2);
  EXPECT_THAT(second.dump(), ::testing::HasSubstr("1"));
}

}  // namespace
}  // namespace wean::cli
