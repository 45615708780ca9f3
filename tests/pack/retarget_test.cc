// Retarget against a slow oracle that spreads every source pair over its token pairs in double precision.
#include "pack/retarget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace wean::pack {
namespace {

using Matrix = std::vector<std::vector<double>>;

std::vector<float> random_map(std::int64_t pairs, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> map(static_cast<std::size_t>(pairs));
  for (float& value : map) value = static_cast<float>(generator() % 1000 + 1) / 500.0F;
  return map;
}

double shared(double low_a, double high_a, double low_b, double high_b) {
  return std::max(0.0, std::min(high_a, high_b) - std::max(low_a, low_b));
}

/// Overlap of target token j with source token i when both grids fill the unit box, in source tokens.
double token_overlap(const Grid& source, const Grid& target, std::int64_t i, std::int64_t j) {
  const auto axis = [](std::int64_t cell, std::int64_t cells, std::int64_t other, std::int64_t others) {
    const auto n = static_cast<double>(cells);
    const auto m = static_cast<double>(others);
    const auto a = static_cast<double>(cell);
    const auto b = static_cast<double>(other);
    return n * shared(a / n, (a + 1) / n, b / m, (b + 1) / m);
  };
  const std::int64_t si = i / source.width;
  const std::int64_t tj = j / target.width;
  return axis(i % source.width, source.width, j % target.width, target.width) *
         axis(si % source.height, source.height, tj % target.height, target.height) *
         axis(si / source.height, source.frames, tj / target.height, target.frames);
}

/// Token by token: what target token j takes from every source token.
Matrix token_weights(const Grid& source, const Grid& target) {
  Matrix weights(static_cast<std::size_t>(target.tokens()),
                 std::vector<double>(static_cast<std::size_t>(source.tokens())));
  for (std::size_t j = 0; j < weights.size(); ++j) {
    for (std::size_t i = 0; i < weights[j].size(); ++i) {
      weights[j][i] = token_overlap(source, target, static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
    }
  }
  return weights;
}

struct Case {
  Grid source;
  std::int64_t q_block, k_block;  // of the source
  Grid target;
  BlockGeometry blocks;
};

/// Sum over target tokens p in U, q in V and over all source tokens of weight * weight * density.
std::vector<double> oracle_sum(const Case& c, const std::vector<float>& map) {
  const Matrix weights = token_weights(c.source, c.target);
  const BlockGeometry from{c.source.tokens(), c.source.tokens(), c.q_block, c.k_block};
  const double scale = static_cast<double>(c.target.tokens()) / static_cast<double>(c.source.tokens());
  std::vector<double> out(static_cast<std::size_t>(c.blocks.pairs()));
  for (std::int64_t p = 0; p < c.target.tokens(); ++p) {
    for (std::int64_t q = 0; q < c.target.tokens(); ++q) {
      double value = 0;
      for (std::int64_t i = 0; i < c.source.tokens(); ++i) {
        const double row = weights[static_cast<std::size_t>(p)][static_cast<std::size_t>(i)];
        if (row == 0) continue;
        for (std::int64_t j = 0; j < c.source.tokens(); ++j) {
          const std::int64_t u = i / c.q_block;
          const std::int64_t v = j / c.k_block;
          value += row * weights[static_cast<std::size_t>(q)][static_cast<std::size_t>(j)] *
                   static_cast<double>(map[static_cast<std::size_t>(u * from.cols() + v)]) /
                   static_cast<double>(from.work(u, v));
        }
      }
      out[static_cast<std::size_t>(p / c.blocks.q_block * c.blocks.cols() + q / c.blocks.k_block)] += value * scale;
    }
  }
  return out;
}

BlockGeometry blocks_of(const Grid& grid, std::int64_t q, std::int64_t k) {
  return {grid.tokens(), grid.tokens(), q, k};
}

void expect_near(const std::vector<float>& got, const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-6 * (1 + want[i])) << "pair " << i;
}

class RetargetOracle : public ::testing::TestWithParam<Case> {};

TEST_P(RetargetOracle, SumsOverTokenPairs) {
  const Case& c = GetParam();
  const Retarget retarget({c.source, c.q_block}, c.k_block, c.target, c.blocks);
  const auto map = random_map(retarget.source_pairs(), 7);
  expect_near(retarget.apply(map, Carry::kSum), oracle_sum(c, map));
}

const Grid kSmall{2, 3, 5};   // 30 tokens
const Grid kLarge{3, 4, 7};   // 84 tokens
const Grid kLonger{5, 3, 5};  // 75 tokens, the same picture
const Grid kCoarse{1, 2, 3};  // 6 tokens

INSTANTIATE_TEST_SUITE_P(Geometries, RetargetOracle,
                         ::testing::Values(Case{kLarge, 8, 8, kLarge, blocks_of(kLarge, 16, 16)},
                                           Case{kLarge, 8, 8, kLarge, blocks_of(kLarge, 16, 8)},
                                           Case{kLarge, 8, 16, kLarge, blocks_of(kLarge, 16, 16)},
                                           Case{kLarge, 8, 8, kLarge, blocks_of(kLarge, 24, 40)},
                                           Case{kLarge, 16, 16, kLarge, blocks_of(kLarge, 8, 4)},
                                           Case{kSmall, 4, 4, kLarge, blocks_of(kLarge, 8, 8)},
                                           Case{kSmall, 4, 8, kLarge, blocks_of(kLarge, 16, 8)},
                                           Case{kLarge, 8, 8, kSmall, blocks_of(kSmall, 8, 4)},
                                           Case{kSmall, 4, 4, kLonger, blocks_of(kLonger, 8, 8)},
                                           Case{kLarge, 8, 8, kCoarse, blocks_of(kCoarse, 4, 4)}));

TEST(Retarget, SameGeometryGivesTheSameBits) {
  const Retarget retarget({kLarge, 8}, 8, kLarge, blocks_of(kLarge, 8, 8));
  const auto map = random_map(retarget.source_pairs(), 11);
  EXPECT_EQ(retarget.apply(map, Carry::kSum), map);
  EXPECT_EQ(retarget.apply(map, Carry::kMean), map);
}

TEST(Retarget, WideSourceOfTheSameWidthKeepsItsColumns) {
  const Retarget retarget({kLarge, 8}, 16, kLarge, blocks_of(kLarge, 8, 16));
  const auto map = random_map(retarget.source_pairs(), 13);
  EXPECT_EQ(retarget.apply(map, Carry::kSum), map);
}

/// A map whose rows sum to their valid rows, as the mean block mass does.
std::vector<float> stochastic_map(const BlockGeometry& blocks) {
  auto map = random_map(blocks.pairs(), 17);
  for (std::int64_t u = 0; u < blocks.rows(); ++u) {
    float* row = map.data() + u * blocks.cols();
    double total = 0;
    for (std::int64_t v = 0; v < blocks.cols(); ++v) total += static_cast<double>(row[v]);
    for (std::int64_t v = 0; v < blocks.cols(); ++v) {
      row[v] = static_cast<float>(static_cast<double>(row[v]) * static_cast<double>(blocks.row_size(u)) / total);
    }
  }
  return map;
}

TEST(Retarget, RowsOfMassKeepSummingToTheirValidRows) {
  for (const Grid& target : {kSmall, kLonger, kCoarse, kLarge}) {
    const BlockGeometry blocks = blocks_of(target, 16, 4);
    const auto carried =
        Retarget({kLarge, 8}, 8, target, blocks).apply(stochastic_map(blocks_of(kLarge, 8, 8)), Carry::kSum);
    for (std::int64_t u = 0; u < blocks.rows(); ++u) {
      double total = 0;
      for (std::int64_t v = 0; v < blocks.cols(); ++v)
        total += static_cast<double>(carried[static_cast<std::size_t>(u * blocks.cols() + v)]);
      EXPECT_NEAR(total, static_cast<double>(blocks.row_size(u)), 1e-5) << to_string(target) << " row " << u;
    }
  }
}

TEST(Retarget, MeanIsTheAverageOverTokenPairs) {
  // 84 tokens in blocks of 8 joined to 16 x 24: the mean over a whole target pair of its 2 x 3 equal source pairs.
  const BlockGeometry blocks = blocks_of(kLarge, 16, 24);
  const Retarget retarget({kLarge, 8}, 8, kLarge, blocks);
  const auto map = random_map(retarget.source_pairs(), 19);
  const auto carried = retarget.apply(map, Carry::kMean);
  double want = 0;
  for (int u = 2; u < 4; ++u) {
    for (int v = 3; v < 6; ++v) want += static_cast<double>(map[static_cast<std::size_t>(u * 11 + v)]) / 6;
  }
  EXPECT_NEAR(carried[1 * 4 + 1], want, 1e-6);
  // The last row block: 4 of 4 tokens of source block 10; the last column: blocks 9 (8 tokens) and 10 (4 tokens).
  const double ragged =
      (8.0 * static_cast<double>(map[10 * 11 + 9]) + 4.0 * static_cast<double>(map[10 * 11 + 10])) / 12;
  EXPECT_NEAR(carried[5 * 4 + 3], ragged, 1e-6);
}

TEST(Overlap, GivesEverySourceTokenAwayOnce) {
  const Tiling source{kLarge, 8};
  for (const Grid& grid : {kSmall, kLonger, kCoarse}) {
    const auto volumes = overlap_volumes(source, {grid, 4});
    std::vector<double> given(static_cast<std::size_t>(source.count()));
    for (std::size_t i = 0; i < volumes.weight.size(); ++i)
      given[static_cast<std::size_t>(volumes.column[i])] += volumes.weight[i];
    for (std::int64_t u = 0; u < source.count(); ++u) {
      EXPECT_NEAR(given[static_cast<std::size_t>(u)], static_cast<double>(source.size(u)), 1e-9);
    }
  }
}

}  // namespace
}  // namespace wean::pack
