#include "verify/probe_attention.h"

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>

namespace wean::verify {

void synchronize(c10::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  guard.getStream(device).synchronize();
}

at::Tensor TimedAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  synchronize(q.device());
  const auto start = std::chrono::steady_clock::now();
  at::Tensor out = inner_.attend(call, q, k, v);
  synchronize(q.device());
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

at::Tensor CeilingAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                    const at::Tensor& v) {
  if (q.scalar_type() == at::kFloat) {
    const auto rounded = [](const at::Tensor& x) { return x.to(at::kBFloat16).to(at::kFloat); };
    return dense_.attend(call, rounded(q), rounded(k), rounded(v));
  }
  const auto batched = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
  const at::Tensor all = at::ones({1, 1, q.size(0), k.size(0)}, q.options().dtype(at::kBool));
  return at::scaled_dot_product_attention(batched(q), batched(k), batched(v), all).squeeze(0).transpose(0, 1);
}

}  // namespace wean::verify
