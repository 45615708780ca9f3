#include "common/base/checked.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace wean {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Checked, SumsThatFit) {
  EXPECT_EQ(checked_add(kMax - 1, std::uint64_t{1}), kMax);
  EXPECT_EQ(checked_add(std::int64_t{-3}, std::int64_t{5}), 2);
}

TEST(Checked, SumsThatDoNot) {
  EXPECT_EQ(checked_add(kMax, std::uint64_t{1}), std::nullopt);
  EXPECT_EQ(checked_add(std::int8_t{127}, std::int8_t{1}), std::nullopt);
  EXPECT_EQ(checked_add(std::int8_t{-128}, std::int8_t{-1}), std::nullopt);
}

// 2^64 - 1 = 3 * 5 * 17 * 257 * 641 * 65537 * 6700417.
TEST(Checked, ProductsAtTheEdge) {
  EXPECT_EQ(checked_mul(std::uint64_t{6700417} * 641, std::uint64_t{65537} * 257 * 17 * 5 * 3), kMax);
  EXPECT_EQ(checked_mul(std::uint64_t{1} << 32, std::uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(checked_mul(std::int32_t{-65536}, std::int32_t{32768}), std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(checked_mul(std::int32_t{65536}, std::int32_t{32768}), std::nullopt);
}

TEST(Checked, EverySumAndProductOf8Bits) {
  for (int a = -128; a < 128; ++a) {
    for (int b = -128; b < 128; ++b) {
      const auto fits = [](int x) { return x >= -128 && x <= 127; };
      const auto x = static_cast<std::int8_t>(a);
      const auto y = static_cast<std::int8_t>(b);
      ASSERT_EQ(checked_add(x, y).has_value(), fits(a + b)) << a << " + " << b;
      ASSERT_EQ(checked_mul(x, y).has_value(), fits(a * b)) << a << " * " << b;
    }
  }
}

TEST(Checked, CeilDivDoesNotOverflow) {
  EXPECT_EQ(ceil_div(0, 7), 0);
  EXPECT_EQ(ceil_div(7, 7), 1);
  EXPECT_EQ(ceil_div(8, 7), 2);
  EXPECT_EQ(ceil_div(kMax, std::uint64_t{2}), std::uint64_t{1} << 63);
}

TEST(Checked, RangeFitsEveryEdge) {
  EXPECT_TRUE(range_fits<std::uint64_t>(0, 10, 10));
  EXPECT_TRUE(range_fits<std::uint64_t>(10, 0, 10));
  EXPECT_FALSE(range_fits<std::uint64_t>(11, 0, 10));
  EXPECT_FALSE(range_fits<std::uint64_t>(1, 10, 10));
  EXPECT_FALSE(range_fits<std::uint64_t>(kMax, 2, 10));
  EXPECT_FALSE(range_fits<std::uint64_t>(2, kMax, 10));
}

}  // namespace
}  // namespace wean
