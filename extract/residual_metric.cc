#include "extract/residual_metric.h"

#include <ATen/ATen.h>

namespace wean::extract {

at::Tensor residual_metric_factor(const at::Tensor& output_weight, const at::Tensor& gate, std::int64_t heads) {
  const std::int64_t dim = output_weight.size(0);
  const at::Tensor gated = output_weight.to(at::kDouble) * gate.to(at::kDouble).view({dim, 1});
  const at::Tensor by_head = gated.view({dim, heads, -1}).permute({1, 0, 2}).contiguous();
  at::Tensor metric = at::bmm(by_head.transpose(1, 2), by_head);
  at::Tensor diagonal = metric.diagonal(0, 1, 2);
  diagonal.add_(diagonal.mean(-1, true).clamp_min(1e-30) * 1e-6);
  return std::get<0>(at::linalg_cholesky_ex(metric)).to(at::kFloat);
}

}  // namespace wean::extract
