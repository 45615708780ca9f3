#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/verify/mask_fixture.h"
#include "verify/masked_attention.h"
#include "verify/probe_attention.h"

namespace wean::verify {
namespace {

struct Inputs {
  at::Tensor q, k, v;
};

Inputs random_inputs() {
  at::manual_seed(11);
  return {at::randn({75, 3, 8}), at::randn({75, 3, 8}), at::randn({75, 3, 8})};
}

models::AttentionCall call_at(double sigma) {
  models::AttentionCall call;
  call.layer = 1;
  call.sigma = sigma;
  call.branch = Branch::kUnconditional;
  return call;
}

/// Masked attention by the definition, in double, from the file's kept pairs.
at::Tensor reference(const MaskFile& file, const wean_site& site, const Inputs& in) {
  const BlockGeometry g = file.geometry();
  const std::vector<std::uint8_t> kept = file.kept_pairs(site);
  at::Tensor out = at::zeros({75, 3, 8}, at::kDouble);
  for (std::int64_t h = 0; h < 3; ++h) {
    for (std::int64_t p = 0; p < 75; ++p) {
      at::Tensor score = at::mv(in.k.select(1, h).to(at::kDouble), in.q[p][h].to(at::kDouble)) / std::sqrt(8.0);
      std::int64_t keys = 0;
      for (std::int64_t j = 0; j < 75; ++j) {
        const bool keep =
            kept[static_cast<std::size_t>((h * g.rows() + p / g.q_block) * g.cols() + j / g.k_block)] != 0;
        if (!keep) score[j] = -std::numeric_limits<double>::infinity();
        keys += keep ? 1 : 0;
      }
      if (keys > 0) out[p][h] = at::mv(in.v.select(1, h).to(at::kDouble).t(), score.softmax(0));
    }
  }
  return out;
}

class MaskedAttentionTest : public ::testing::TestWithParam<std::pair<int, int>> {};

TEST_P(MaskedAttentionTest, EqualsTheDefinitionAndCountsWork) {
  const auto masks = test::write_masks(GetParam().first, GetParam().second);
  MaskedAttention attention(masks);
  const Inputs in = random_inputs();
  const at::Tensor found = attention.attend(call_at(0.3), in.q, in.k, in.v);
  const at::Tensor expected = reference(masks->file(), masks->site_of(call_at(0.3)), in);
  EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5);
  const double sparse = attention.global_density();
  EXPECT_GT(sparse, 0.3);
  EXPECT_LT(sparse, 0.8);
  (void)attention.attend(call_at(0.9), in.q, in.k, in.v);
  EXPECT_NEAR(attention.global_density(), (1 + sparse) / 2, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Blocks, MaskedAttentionTest,
                         ::testing::Values(std::pair{16, 16}, std::pair{32, 16}, std::pair{128, 64}));

TEST(MaskedAttention, WhereLibweanHasNoKernelTheDefinitionHoldsToo) {
  const auto masks = test::write_masks(32, 16);
  const Inputs in = random_inputs();
  const auto call = call_at(0.3);
  const at::Tensor found =
      attend_expanded(masks->of(call, c10::Device(c10::kCPU)).kept, masks->file().geometry(), in.q, in.k, in.v);
  const at::Tensor expected = reference(masks->file(), masks->site_of(call), in);
  EXPECT_LT((found.to(at::kDouble) - expected).abs().max().item<double>(), 1e-5);
}

TEST(MaskedAttention, OtherSizesThanTheFilesAreRefused) {
  const auto masks = test::write_masks(16, 16);
  MaskedAttention attention(masks);
  const at::Tensor wide = at::randn({75, 3, 16});
  EXPECT_ERROR((void)attention.attend(call_at(0.3), wide, wide, wide), ErrorCode::kUsage, "head_dim 16");
  const at::Tensor more = at::randn({75, 4, 8});
  EXPECT_ERROR((void)attention.attend(call_at(0.3), more, more, more), ErrorCode::kUsage, "heads");
}

TEST(MaskedAttention, DensePhaseEqualsDenseAttention) {
  const auto masks = test::write_masks(16, 16);
  MaskedAttention attention(masks);
  models::DenseAttention dense;
  const Inputs in = random_inputs();
  EXPECT_TRUE(at::allclose(attention.attend(call_at(0.9), in.q, in.k, in.v),
                           dense.attend(call_at(0.9), in.q, in.k, in.v), 1e-4, 1e-5));
}

TEST(CeilingAttention, DiffersFromDenseByRoundingOnly) {
  CeilingAttention ceiling;
  models::DenseAttention dense;
  const Inputs in = random_inputs();
  const at::Tensor a = ceiling.attend(call_at(0.5), in.q, in.k, in.v);
  const at::Tensor b = dense.attend(call_at(0.5), in.q, in.k, in.v);
  EXPECT_FALSE(at::equal(a, b));
  EXPECT_TRUE(at::allclose(a, b, 3e-2, 3e-2));
}

TEST(TimedAttention, CountsTimeInsideAndPassesThrough) {
  models::DenseAttention dense;
  TimedAttention timed(dense);
  const Inputs in = random_inputs();
  EXPECT_TRUE(at::equal(timed.attend(call_at(0.5), in.q, in.k, in.v), dense.attend(call_at(0.5), in.q, in.k, in.v)));
  EXPECT_GT(timed.seconds(), 0);
}

}  // namespace
}  // namespace wean::verify
