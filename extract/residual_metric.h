// How a change of one head's output is seen by the residual stream: through W_O and the layer's gate.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace wean::extract {

/// Lower-triangular L_h with L_h L_h^T = W_O,h^T diag(gate^2) W_O,h, [heads, head_dim, head_dim] float32, so that
/// ||x L_h||^2 is the squared norm of the gated output projection of a head's change x (METHOD 6.1). `output_weight` is
/// [dim, dim] with head h in columns [h * head_dim, (h + 1) * head_dim), `gate` is [dim]. A ridge of 1e-6 of the mean
/// diagonal keeps a singular W_O factorable. Computed in float64.
[[nodiscard]] at::Tensor residual_metric_factor(const at::Tensor& output_weight, const at::Tensor& gate,
                                                std::int64_t heads);

}  // namespace wean::extract
