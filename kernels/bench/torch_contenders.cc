#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "kernels/bench/bench_case.h"

namespace wean::bench {

std::vector<Contender> torch_contenders(const AttentionCase& attention) {
  at::set_num_threads(attention.threads);
  const auto tensor = [&](const std::vector<float>& data) {
    const std::vector<std::int64_t> shape = {1, attention.tokens, attention.heads, attention.head_dim};
    return at::from_blob(const_cast<float*>(data.data()), shape, at::kFloat).permute({0, 2, 1, 3});
  };
  const at::Tensor q = tensor(attention.q);
  const at::Tensor k = tensor(attention.k);
  const at::Tensor v = tensor(attention.v);
  return {{"torch sdpa", 1.0, [=] {
             const at::NoGradGuard no_grad;
             const at::Tensor o = at::scaled_dot_product_attention(q, k, v);
             (void)o;
           }}};
}

}  // namespace wean::bench
