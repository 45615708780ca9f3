#include "verify/recall.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/verify/mask_fixture.h"

namespace wean::verify {
namespace {

/// Attention mass on block pairs by the definition, [heads, rows, cols] in double.
at::Tensor slow_mass(const at::Tensor& q, const at::Tensor& k, const BlockGeometry& g) {
  at::Tensor mass = at::zeros({q.size(1), g.rows(), g.cols()}, at::kDouble);
  for (std::int64_t h = 0; h < q.size(1); ++h) {
    const at::Tensor p =
        (at::matmul(q.select(1, h).to(at::kDouble), k.select(1, h).to(at::kDouble).t()) / std::sqrt(8.0)).softmax(-1);
    for (std::int64_t u = 0; u < g.rows(); ++u) {
      for (std::int64_t v = 0; v < g.cols(); ++v) {
        mass[h][u][v] = p.narrow(0, u * g.q_block, g.row_size(u)).narrow(1, v * g.k_block, g.col_size(v)).sum();
      }
    }
  }
  return mass;
}

TEST(BlockMass, EqualsTheDefinitionInAnyChunks) {
  at::manual_seed(2);
  const at::Tensor q = at::randn({75, 3, 8});
  const at::Tensor k = at::randn({75, 3, 8});
  const BlockGeometry g{75, 75, 32, 16};
  for (const std::int64_t budget : {std::int64_t{1}, std::int64_t{1} << 30}) {
    EXPECT_TRUE(at::allclose(block_mass(q, k, g, budget).to(at::kDouble), slow_mass(q, k, g), 1e-4, 1e-5)) << budget;
  }
}

TEST(Recall, KeptOracleAndChance) {
  at::manual_seed(4);
  const auto masks = test::write_masks(16, 16);
  const at::Tensor q = 2 * at::randn({75, 3, 8});
  const at::Tensor k = at::randn({75, 3, 8});
  models::DenseAttention dense;
  RecallAttention attention(dense, {masks});
  models::AttentionCall call;
  call.sigma = 0.3;
  (void)attention.attend(call, q, k, at::randn({75, 3, 8}));
  const BlockGeometry g = masks->file().geometry();
  const at::Tensor mass = slow_mass(q, k, g);
  const std::vector<std::uint8_t> kept = masks->file().kept_pairs(masks->site_of(call));
  double on_kept = 0, on_best = 0;
  for (std::int64_t row = 0; row < 3 * g.rows(); ++row) {
    std::vector<double> masses;
    std::size_t budget = 0;
    for (std::int64_t v = 0; v < g.cols(); ++v) {
      masses.push_back(mass[row / g.rows()][row % g.rows()][v].item<double>());
      if (kept[static_cast<std::size_t>(row * g.cols() + v)] == 0) continue;
      on_kept += masses.back();
      ++budget;
    }
    std::sort(masses.rbegin(), masses.rend());
    for (std::size_t i = 0; i < budget; ++i) on_best += masses[i];
  }
  const Recall found = attention.recall().front();
  EXPECT_NEAR(found.kept, on_kept / 225, 1e-5);
  EXPECT_NEAR(found.oracle, on_best / 225, 1e-5);
  EXPECT_GE(found.oracle, found.kept);
}

}  // namespace
}  // namespace wean::verify
