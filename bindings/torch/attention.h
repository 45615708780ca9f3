// wean::block_sparse_attention for each device.
#pragma once
#include <torch/csrc/stable/tensor.h>

#include <cstdint>

namespace wean::torch_binding {

/// Which masks a call uses. All but file and expert are tensors on the device of q, read when the operator runs: one
/// compiled graph or captured CUDA graph serves every phase and both branches, one compiled block serves every layer.
struct Site {
  std::int64_t masks;                   ///< number of the mask file (registry.h)
  const torch::stable::Tensor& phase;   ///< int64, one element
  const torch::stable::Tensor& branch;  ///< int64, one element: 0 conditional, 1 unconditional
  const torch::stable::Tensor& layer;   ///< int64, one element
  std::int64_t expert;
};

/// q, k, v: [batch, tokens, heads, head_dim] float32 or bfloat16; tokens, heads and head_dim are the file's. Returns
/// the attention over the kept block pairs, contiguous, same shape and type; scale 0 = 1 / sqrt(head_dim). Throws
/// std::runtime_error naming what is wrong, found and allowed.
[[nodiscard]] torch::stable::Tensor attention_cpu(const torch::stable::Tensor& q, const torch::stable::Tensor& k,
                                                  const torch::stable::Tensor& v, const Site& site, double scale);
/// The same on the CUDA device of q, bfloat16 or float16, on torch's current stream; capturable once the masks are
/// there.
[[nodiscard]] torch::stable::Tensor attention_cuda(const torch::stable::Tensor& q, const torch::stable::Tensor& k,
                                                   const torch::stable::Tensor& v, const Site& site, double scale);
/// The same without data: shape, type and strides of the result.
[[nodiscard]] torch::stable::Tensor attention_meta(const torch::stable::Tensor& q);

}  // namespace wean::torch_binding
