// What makes CPU results independent of the number of threads (and of nothing else: another instruction set rounds
// differently).
//
// Activations: LibTorch splits an element-wise operation among threads and computes the tail of each part with other
// (scalar) instructions than its body, so fp32 GELU(tanh) and SiLU give other bits for another thread count. Here the
// data is cut into fixed chunks, each computed whole by one thread. Other devices use the plain operation. Products:
// MKL may split one over its inner dimension, in another way for every number of threads.
#pragma once
#include <ATen/core/Tensor.h>

namespace wean::models {

/// Switches MKL to the strict mode of its conditional numerical reproducibility. Call it before the process's first
/// matrix product and before other threads run: it sets MKL_CBWR in the environment, which MKL reads once. Costs
/// nothing measurable.
void use_reproducible_products();

/// GELU with the tanh approximation, element-wise; the result is contiguous.
[[nodiscard]] at::Tensor gelu_tanh(const at::Tensor& x);
/// x * sigmoid(x), element-wise; the result is contiguous.
[[nodiscard]] at::Tensor silu(const at::Tensor& x);

}  // namespace wean::models
