#include "extract/residual_metric.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace wean::extract {
namespace {

TEST(ResidualMetric, NormThroughTheFactorIsTheGatedProjectionsNorm) {
  at::manual_seed(3);
  const std::int64_t heads = 3, head_dim = 8, dim = heads * head_dim;
  const at::Tensor weight = at::randn({dim, dim});
  const at::Tensor gate = at::randn({dim});
  const at::Tensor factor = residual_metric_factor(weight, gate, heads);
  for (std::int64_t head = 0; head < heads; ++head) {
    const at::Tensor x = at::randn({head_dim});
    const at::Tensor projected = at::mv(weight.narrow(1, head * head_dim, head_dim), x) * gate;
    const double expected = projected.square().sum().item<double>();
    EXPECT_NEAR(at::matmul(x, factor[head]).square().sum().item<double>(), expected, 1e-4 * expected);
  }
}

TEST(ResidualMetric, ClosedGateStaysFactorable) {
  const at::Tensor factor = residual_metric_factor(at::randn({16, 16}), at::zeros({16}), 2);
  EXPECT_TRUE(at::isfinite(factor).all().item<bool>());
  EXPECT_LT(factor.abs().max().item<double>(), 1e-10);
}

}  // namespace
}  // namespace wean::extract
