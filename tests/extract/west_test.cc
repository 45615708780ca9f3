#include "extract/west.h"

#include <gtest/gtest.h>

namespace wean::extract {
namespace {

// Five tokens in blocks of two: 3 x 3 pairs; the last query block holds one row, so its masses count double in the map.
const BlockGeometry kGeometry = square_blocks(5, 2);
const std::vector<float> kMass{1.2f, 0.5f, 0.3f, 0.2f, 1.0f, 0.8f, 0.1f, 0.1f, 0.8f};

TEST(RankFractions, RowScopeRanksEachRow) {
  const std::vector<float> found = rank_fractions(kMass, kGeometry, TopkScope::kRow);
  const std::vector<float> expected{1 / 3.f, 2 / 3.f, 1.f, 1.f, 1 / 3.f, 2 / 3.f, 2 / 3.f, 1.f, 1 / 3.f};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(found[i], expected[i]) << i;
}

TEST(RankFractions, MapScopeRanksMeanProbabilityOfARow) {
  const std::vector<float> found = rank_fractions(kMass, kGeometry, TopkScope::kMap);
  // Per row: .6 .25 .15 / .1 .5 .4 / .1 .1 .8; the three .1 tie and keep their order.
  const std::vector<float> expected{2 / 9.f, 5 / 9.f, 6 / 9.f, 7 / 9.f, 3 / 9.f, 4 / 9.f, 8 / 9.f, 1.f, 1 / 9.f};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(found[i], expected[i]) << i;
}

}  // namespace
}  // namespace wean::extract
