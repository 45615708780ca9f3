#include "schemas/profile/code16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace wean {
namespace {

/// The definition of schemas/profile.md in double.
double value_of(unsigned code, int scale) {
  const int field = static_cast<int>(code / 512);
  const int fraction = static_cast<int>(code % 512);
  return field == 0 ? std::ldexp(fraction, 1 - 127 - 9 + scale) : std::ldexp(512 + fraction, field - 127 - 9 + scale);
}

TEST(Code16, EveryCodeRoundTripsAtEveryScale) {
  for (int scale = kMinScale; scale <= kMaxScale; ++scale) {
    for (unsigned code = 0; code < 65'535; ++code) {
      const float value = decode16(static_cast<std::uint16_t>(code), scale);
      ASSERT_EQ(static_cast<double>(value), value_of(code, scale)) << "code " << code << " scale " << scale;
      ASSERT_EQ(encode16(value, scale), code) << "code " << code << " scale " << scale;
    }
    ASSERT_EQ(decode16(kUndroppableCode, scale), kUndroppable);
    ASSERT_EQ(encode16(kUndroppable, scale), kUndroppableCode);
  }
}

TEST(Code16, CodesAscendWithTheirValues) {
  for (unsigned code = 1; code < 65'535; ++code) EXPECT_LT(value_of(code - 1, 0), value_of(code, 0));
}

// Worked examples of schemas/profile.md.
TEST(Code16, WorkedExamples) {
  EXPECT_EQ(encode16(0.0F, 0), 0x0000);
  EXPECT_EQ(encode16(1.0F, 0), 0xFE00);
  EXPECT_EQ(encode16(0.75F, 0), 0xFD00);
  EXPECT_EQ(encode16(100.0F, 6), 0xFF20);
  EXPECT_EQ(encode16(0.1F, 0), 0xF733);
  EXPECT_EQ(encode16(1.0F + 1.0F / 1024, 0), 0xFE00);  // a tie: to the even code below
  EXPECT_EQ(encode16(1.0F + 3.0F / 1024, 0), 0xFE02);  // a tie: to the even code above
}

TEST(Code16, NearestCodeWithinTheStatedError) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x7FFFFFFF));
    if (!std::isfinite(value)) continue;
    const int scale = scale_for(std::span(&value, 1));
    const unsigned code = encode16(value, scale);
    if (code == kUndroppableCode) {
      EXPECT_GT(value, std::ldexp(1.0 + 510.5 / 512, kMaxScale));
      continue;
    }
    const double error = std::abs(value_of(code, scale) - value);
    EXPECT_LE(error, std::ldexp(double{value}, -10)) << value;
    if (code > 0) {
      EXPECT_LE(error, std::abs(value_of(code - 1, scale) - value)) << value;
    }
    EXPECT_LE(error, std::abs(value_of(code + 1, scale) - value)) << value;
  }
}

TEST(Code16, ScaleIsTheSmallestThatHoldsAll) {
  std::mt19937 random(9);
  for (int i = 0; i < 200'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random() & 0x7FFFFFFF));
    if (!std::isfinite(value) || value > std::ldexp(1.0 + 510.5 / 512, kMaxScale)) continue;
    const int scale = scale_for(std::span(&value, 1));
    EXPECT_LT(encode16(value, scale), kUndroppableCode) << value;
    if (scale > kMinScale) {
      EXPECT_EQ(encode16(value, scale - 1), kUndroppableCode) << value;
    }
  }
  const float undroppable[] = {kUndroppable, kUndroppable / 100'000, 3.0F};
  EXPECT_EQ(scale_for(undroppable), 1);
  EXPECT_EQ(encode16(undroppable[1], 1), kUndroppableCode);
  EXPECT_EQ(scale_for(std::span(undroppable, 1)), kMinScale);
}

TEST(Code16, SmallValuesOfAHeadKeepAnAbsoluteError) {
  const int scale = 20;
  std::mt19937 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random() % 0x0A800000));
    EXPECT_LE(std::abs(static_cast<double>(decode16(encode16(value, scale), scale)) - value),
              std::max(std::ldexp(double{value}, -10), std::ldexp(1.0, scale - 136)));
  }
}

}  // namespace
}  // namespace wean
