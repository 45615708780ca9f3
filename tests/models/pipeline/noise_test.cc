#include "models/pipeline/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "models/pipeline.h"

namespace wean::models {
namespace {

using Words = std::array<std::uint32_t, 4>;

// kat_vectors of the Random123 distribution: philox4x32, 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The same formula with the C library's logarithm, sine and cosine in long double.
TEST(Noise, IsBoxMullerOfPhilox) {
  constexpr std::uint64_t kSeed = 0x123456789abcdef0;
  std::vector<float> noise(4001);
  fill_normal(kSeed, noise);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    const auto w = philox4x32({static_cast<std::uint32_t>(i / 2), 0, 0, 0}, {0x9abcdef0, 0x12345678});
    const auto join = [](std::uint32_t low, std::uint32_t high) { return (std::uint64_t{high} << 32U | low) >> 11U; };
    const long double u1 = static_cast<long double>(join(w[0], w[1]) + 1) / 0x1p53L;
    const long double turn = 2 * std::numbers::pi_v<long double> * static_cast<long double>(join(w[2], w[3])) / 0x1p53L;
    const auto expected =
        static_cast<double>(std::sqrt(-2 * std::log(u1)) * (i % 2 == 0 ? std::cos(turn) : std::sin(turn)));
    EXPECT_NEAR(noise[i], expected, 2e-7 * std::max(1.0, std::abs(expected))) << i;
  }
}

TEST(Noise, PrefixDoesNotDependOnLength) {
  std::vector<float> long_one(1001), short_one(334);
  fill_normal(7, long_one);
  fill_normal(7, short_one);
  EXPECT_TRUE(std::equal(short_one.begin(), short_one.end(), long_one.begin()));
}

TEST(Noise, HasTheMomentsOfANormal) {
  std::vector<float> noise(200000);
  fill_normal(1, noise);
  double sums[4] = {};
  for (const float x : noise) {
    double power = 1;
    for (double& sum : sums) sum += power *= x;
  }
  const auto n = static_cast<double>(noise.size());
  EXPECT_NEAR(sums[0] / n, 0, 0.01);
  EXPECT_NEAR(sums[1] / n, 1, 0.015);
  EXPECT_NEAR(sums[2] / n, 0, 0.03);
  EXPECT_NEAR(sums[3] / n, 3, 0.1);
}

// Python: hashlib.sha256(b'\1' + bytes(39)).digest()[:8], little-endian.
TEST(PromptSeed, IsTheHashOfSeedAndDigest) {
  EXPECT_EQ(prompt_seed(1, Digest{}), 0xfe9c964131598fb6);
  EXPECT_NE(prompt_seed(2, Digest{}), prompt_seed(1, Digest{}));
}

}  // namespace
}  // namespace wean::models
