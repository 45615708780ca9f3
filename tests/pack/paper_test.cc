// The paper's transfer: hand-made maps, and the general definition in floating point.
#include "pack/paper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace wean::pack {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

BitMap random_bits(std::int64_t pairs, unsigned seed) {
  std::mt19937 generator(seed);
  BitMap bits(static_cast<std::size_t>(pairs));
  for (auto& bit : bits) bit = generator() % 4 == 0 ? 1 : 0;
  return bits;
}

TEST(OrBlocks, KeepsAPairWhenAnyPartIsKept) {
  // 5 tokens: 3 blocks of 2 (the last ragged) joined to blocks of 4.
  const BitMap source = {1, 0, 0,  //
                         0, 0, 0,  //
                         0, 0, 1};
  EXPECT_THAT(or_blocks(source, {5, 5, 2, 2}, {5, 5, 4, 4}), ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(or_blocks(source, {5, 5, 2, 2}, {5, 5, 4, 2}), ElementsAre(1, 0, 0, 0, 0, 1));
}

TEST(OrBlocks, CopiesIntoFinerBlocks) {
  EXPECT_THAT(or_blocks({1, 0, 0, 1}, {3, 3, 2, 2}, {3, 3, 1, 1}), ElementsAre(1, 1, 0, 1, 1, 0, 0, 0, 1));
}

TEST(OrBlocks, BlocksThatStraddleTakeBothSides) {
  // Blocks of 2 against blocks of 3 over 6 tokens: the target's first block touches source blocks 0 and 1.
  const BitMap source = {0, 0, 0, 0, 1, 0, 0, 0, 0};
  EXPECT_THAT(or_blocks(source, {6, 6, 2, 2}, {6, 6, 3, 3}), ElementsAre(1, 1, 1, 1));
}

TEST(CeilBilinear, SameNumbersCopy) {
  const BlockGeometry blocks{7, 7, 2, 2};
  const BitMap source = random_bits(blocks.pairs(), 3);
  EXPECT_EQ(ceil_bilinear(source, blocks, blocks), source);
}

TEST(CeilBilinear, TwiceTheBlocksByHand) {
  // Coordinates 0, .5, 1, 1.5: odd targets touch both neighbours, the last one the edge.
  const BitMap source = {1, 0, 0, 0};
  EXPECT_THAT(ceil_bilinear(source, {2, 2, 1, 1}, {4, 4, 1, 1}),
              ElementsAre(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

/// ceil of the interpolated value, in floating point with a guard against rounding.
BitMap interpolate(const BitMap& source, std::int64_t from, std::int64_t to) {
  const auto value = [&](std::int64_t u, std::int64_t v) {
    return static_cast<double>(source[static_cast<std::size_t>(std::min(u, from - 1) * from + std::min(v, from - 1))]);
  };
  BitMap out;
  for (std::int64_t u = 0; u < to; ++u) {
    for (std::int64_t v = 0; v < to; ++v) {
      const double y = static_cast<double>(u) * static_cast<double>(from) / static_cast<double>(to);
      const double x = static_cast<double>(v) * static_cast<double>(from) / static_cast<double>(to);
      const auto i = static_cast<std::int64_t>(std::floor(y + 1e-12));
      const auto j = static_cast<std::int64_t>(std::floor(x + 1e-12));
      const double a = std::max(0.0, y - static_cast<double>(i));
      const double b = std::max(0.0, x - static_cast<double>(j));
      const double mixed = (1 - a) * ((1 - b) * value(i, j) + b * value(i, j + 1)) +
                           a * ((1 - b) * value(i + 1, j) + b * value(i + 1, j + 1));
      out.push_back(std::ceil(mixed - 1e-9) > 0 ? 1 : 0);
    }
  }
  return out;
}

TEST(CeilBilinear, EqualsTheFormula) {
  for (const std::int64_t to : {5, 7, 9, 13, 18, 20}) {
    const BlockGeometry from{9, 9, 1, 1};
    const BitMap source = random_bits(from.pairs(), static_cast<unsigned>(to));
    EXPECT_THAT(ceil_bilinear(source, from, {to, to, 1, 1}), ElementsAreArray(interpolate(source, 9, to))) << to;
  }
}

double density(const BitMap& bits) {
  return static_cast<double>(std::count(bits.begin(), bits.end(), 1)) / static_cast<double>(bits.size());
}

TEST(PaperTransfer, InflatesDensity) {
  const BlockGeometry from{1024, 1024, 16, 16};
  const BitMap source = random_bits(from.pairs(), 5);  // density .25
  // Independent bits at .25: OR of four keeps 1 - .75^4 = .68; so does interpolation between four neighbours.
  EXPECT_NEAR(density(paper_transfer(source, from, {1024, 1024, 32, 32})), 0.684, 0.04);
  EXPECT_NEAR(density(paper_transfer(source, from, {1600, 1600, 16, 16})), 0.6, 0.1);
}

}  // namespace
}  // namespace wean::pack
