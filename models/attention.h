// The one hook that carries everything: the transformer calls it for self-attention and never knows which one runs.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "common/base/vocabulary.h"

namespace wean::models {

/// Which self-attention is being computed, and what the layer does with its output.
struct AttentionCall {
  std::uint32_t expert = 0;
  std::uint32_t layer = 0;
  std::uint32_t step = 0;  ///< index into the sampling run's sigmas
  double sigma = 1.0;      ///< noise level of the step, in [0, 1]
  Branch branch = Branch::kConditional;
  Grid grid;
  const at::Tensor* output_weight = nullptr;  ///< W_O [dim, dim] of the layer
  const at::Tensor* gate = nullptr;  ///< [dim]: what multiplies the layer's attention output before the residual
};

/// Self-attention after QK norm and RoPE. Implementations: dense (here), profiling (extract/), masked (verify/).
class SelfAttention {
 public:
  virtual ~SelfAttention() = default;
  /// q, k, v: [tokens, heads, head_dim] on one device, any strides; returns the same shape, softmax(q k^T / sqrt(d)) v.
  [[nodiscard]] virtual at::Tensor attend(const AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                          const at::Tensor& v) = 0;
};

/// Dense attention through LibTorch's scaled_dot_product_attention.
class DenseAttention final : public SelfAttention {
 public:
  [[nodiscard]] at::Tensor attend(const AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
};

}  // namespace wean::models
