// The exponential of the CPU kernel: within 2 units in the last place over its whole range.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#define WEAN_TILE_LANES 4
#define WEAN_TILE_UNROLL 6
#include "kernels/ref/tile.inc"

namespace wean::kernels {
namespace {

float exp2_of(float x) { return exp2_nonpositive(splat(x))[0]; }

TEST(Exp2, WithinTwoUlp) {
  double worst = 0;
  for (std::uint32_t bits = 0x80000000; bits < 0xC2FC0000; bits += 257) {  // -0 down to -126
    const float x = __builtin_bit_cast(float, bits);
    const double exact = std::exp2(static_cast<double>(x));
    const auto nearest = static_cast<float>(exact);
    const double ulp = static_cast<double>(nearest) - static_cast<double>(std::nextafter(nearest, 0.0F));
    worst = std::max(worst, std::abs(static_cast<double>(exp2_of(x)) - exact) / ulp);
  }
  EXPECT_LT(worst, 2);
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(Exp2, Edges) {
  EXPECT_EQ(exp2_of(0), 1);
  EXPECT_EQ(exp2_of(-1), 0.5F);
  EXPECT_EQ(exp2_of(-126), 0x1p-126F);
  EXPECT_EQ(exp2_of(-127), 0);
  EXPECT_EQ(exp2_of(-std::numeric_limits<float>::max()), 0);
  EXPECT_EQ(exp2_of(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_TRUE(std::isnan(exp2_of(std::nanf(""))));
  EXPECT_NE(&run_tile, nullptr);
}

}  // namespace
}  // namespace wean::kernels
