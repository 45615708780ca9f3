#include "extract/block_statistics.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/extract/slow_reference.h"

namespace wean::extract {
namespace {

/// Three heads of very different peakedness over ragged blocks.
StatisticsInput random_input(std::int64_t tokens, std::int64_t dim, std::int64_t block) {
  at::manual_seed(7);
  const at::Tensor sharpness = at::tensor({0.2f, 1.0f, 3.0f}).view({3, 1, 1});
  return {at::randn({3, tokens, dim}) * sharpness, at::randn({3, tokens, dim}), at::randn({3, tokens, dim}),
          at::randn({3, dim, dim}).tril(), square_blocks(tokens, block)};
}

std::vector<double> doubles(const at::Tensor& x) {
  const at::Tensor flat = x.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

test::SlowHead slow_head(const StatisticsInput& input, std::int64_t head) {
  return {doubles(input.q[head]),
          doubles(input.k[head]),
          doubles(input.v[head]),
          doubles(input.metric_factor[head]),
          static_cast<std::size_t>(input.q.size(1)),
          static_cast<std::size_t>(input.q.size(2))};
}

void expect_close(double found, double expected, const char* what) {
  EXPECT_NEAR(found, expected, 2e-4 * std::abs(expected) + 1e-6) << what;
}

/// Sums over the rows of query block u: {mass, error, error of the pair of blocks that v begins}.
std::vector<double> slow_block(const test::SlowHead& slow, const BlockGeometry& g, std::int64_t u, std::int64_t v) {
  std::vector<double> sums(3, 0.0);
  for (std::int64_t p = u * g.q_block; p < u * g.q_block + g.row_size(u); ++p) {
    const std::vector<double> a = test::slow_row(slow, static_cast<std::size_t>(p));
    const auto begin = a.begin() + v * g.k_block;
    sums[0] += std::accumulate(begin, begin + g.col_size(v), 0.0);
    sums[1] += test::slow_error(slow, a, static_cast<std::size_t>(v), static_cast<std::size_t>(g.k_block));
    sums[2] += test::slow_error(slow, a, static_cast<std::size_t>(v / 2), static_cast<std::size_t>(2 * g.k_block));
  }
  return sums;
}

TEST(BlockStatistics, EqualsTheDefinitionOnRaggedBlocks) {
  const StatisticsInput input = random_input(75, 8, 16);
  const BlockStatistics found = block_statistics(input, 1 << 20);
  for (std::int64_t head = 0; head < 3; ++head) {
    const test::SlowHead slow = slow_head(input, head);
    for (std::int64_t u = 0; u < input.geometry.rows(); ++u) {
      for (std::int64_t v = 0; v < input.geometry.cols(); ++v) {
        const std::vector<double> expected = slow_block(slow, input.geometry, u, v);
        expect_close(found.mass[head][u][v].item<double>(), expected[0], "mass");
        expect_close(found.error[head][u][v].item<double>(), expected[1], "error");
        expect_close(found.error_wide[head][u][v / 2].item<double>(), expected[2], "wide error");
      }
    }
  }
}

TEST(BlockStatistics, ChunksChangeNothingBeyondRounding) {
  const StatisticsInput input = random_input(130, 16, 32);
  const BlockStatistics whole = block_statistics(input, std::int64_t{1} << 30);
  const BlockStatistics pieces = block_statistics(input, 1);
  EXPECT_TRUE(at::allclose(whole.mass, pieces.mass, 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(whole.error, pieces.error, 1e-3, 1e-6));
  EXPECT_TRUE(at::allclose(whole.error_wide, pieces.error_wide, 1e-3, 1e-6));
}

TEST(BlockStatistics, SameBytesForAnyThreadCount) {
  const StatisticsInput input = random_input(333, 32, 32);
  at::set_num_threads(1);
  const BlockStatistics one = block_statistics(input, 1 << 22);
  for (const int threads : {2, 3, 8}) {
    at::set_num_threads(threads);
    const BlockStatistics many = block_statistics(input, 1 << 22);
    EXPECT_TRUE(at::equal(one.mass, many.mass)) << threads;
    EXPECT_TRUE(at::equal(one.error, many.error)) << threads;
    EXPECT_TRUE(at::equal(one.error_wide, many.error_wide)) << threads;
  }
  at::set_num_threads(1);
}

TEST(BlockStatistics, BlockWithAllTheMassIsNeverDroppable) {
  StatisticsInput input = random_input(32, 8, 16);
  input.k.zero_();
  input.k.narrow(1, 0, 16).fill_(100);
  input.q.fill_(100);
  const BlockStatistics found = block_statistics(input, 1 << 20);
  EXPECT_GE(found.error[0][0][0].item<double>(), 3e38);
  EXPECT_NEAR(found.error[0][0][1].item<double>(), 0, 1e-12);
}

TEST(RowMasses, SumToOneAndEqualTheDefinition) {
  const StatisticsInput input = random_input(75, 8, 16);
  const std::vector<std::uint32_t> tokens{0, 31, 74};
  const at::Tensor found = row_masses(input, tokens);
  const test::SlowHead slow = slow_head(input, 2);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::vector<double> a = test::slow_row(slow, tokens[i]);
    for (std::int64_t v = 0; v < input.geometry.cols(); ++v) {
      const auto begin = a.begin() + v * 16;
      const double mass = std::accumulate(begin, begin + input.geometry.col_size(v), 0.0);
      expect_close(found[2][static_cast<std::int64_t>(i)][v].item<double>(), mass, "row mass");
    }
  }
  EXPECT_TRUE(at::allclose(found.sum(-1), at::ones({3, 3})));
}

}  // namespace
}  // namespace wean::extract
