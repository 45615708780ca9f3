#include "models/deterministic.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstdlib>

namespace wean::models {

void use_reproducible_products() { ::setenv("MKL_CBWR", "AUTO,STRICT", 1); }

namespace {

// At most 16,384 elements: LibTorch's activations never split so few among threads.
constexpr std::int64_t kChunk = 16384;

template <typename Op>
at::Tensor in_chunks(const at::Tensor& x, const Op& op) {
  const at::Tensor in = x.contiguous().view({-1});
  at::Tensor out = at::empty_like(in);
  const std::int64_t size = in.numel();
  const bool inference = c10::InferenceMode::is_enabled();
  at::parallel_for(0, (size + kChunk - 1) / kChunk, 1, [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode same_mode(inference);  // the mode is per thread
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t first = chunk * kChunk;
      const std::int64_t length = std::min(kChunk, size - first);
      at::Tensor part = out.narrow(0, first, length);
      op(part, in.narrow(0, first, length));
    }
  });
  return out.view(x.sizes());
}

}  // namespace

at::Tensor gelu_tanh(const at::Tensor& x) {
  if (!x.is_cpu()) return at::gelu(x, "tanh");
  return in_chunks(x, [](at::Tensor& out, const at::Tensor& in) { at::gelu_out(out, in, "tanh"); });
}

at::Tensor silu(const at::Tensor& x) {
  if (!x.is_cpu()) return at::silu(x);
  return in_chunks(x, [](at::Tensor& out, const at::Tensor& in) { at::silu_out(out, in); });
}

}  // namespace wean::models
