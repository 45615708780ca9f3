// Activations whose CPU results do not depend on the number of threads.
//
// LibTorch splits an element-wise operation among threads and computes the tail of each part with other (scalar)
// instructions than its body, so fp32 GELU(tanh) and SiLU give other bits for another thread count. Here the data is
// cut into fixed chunks, each computed whole by one thread. Other devices use the plain operation.
#pragma once
#include <ATen/core/Tensor.h>

namespace wean::models {

/// GELU with the tanh approximation, element-wise; the result is contiguous.
[[nodiscard]] at::Tensor gelu_tanh(const at::Tensor& x);
/// x * sigmoid(x), element-wise; the result is contiguous.
[[nodiscard]] at::Tensor silu(const at::Tensor& x);

}  // namespace wean::models
