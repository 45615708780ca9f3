#include "bindings/torch/attention.h"

#include <limits>

#include "bindings/torch/operands.h"
#include "bindings/torch/registry.h"

namespace wean::torch_binding {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

wean_dtype dtype_of(const Tensor& q) {
  const ScalarType type = q.scalar_type();
  require(type == ScalarType::Float || type == ScalarType::BFloat16, "q has element type number ",
          static_cast<int>(type), "; allowed are float32 and bfloat16");
  return type == ScalarType::Float ? WEAN_FLOAT32 : WEAN_BFLOAT16;
}

void check_operand(const char* name, const Tensor& tensor, const Tensor& q, std::uint64_t tokens,
                   const wean_masks_facts& facts) {
  require(tensor.is_cpu() && tensor.scalar_type() == q.scalar_type(), name, " must be on the CPU and of the type of q");
  check_shape(name, tensor, q, tokens, facts);
}

std::uint32_t index_of(const char* name, std::int64_t value) {
  require(value >= 0 && value <= std::numeric_limits<std::uint32_t>::max(), name, " ", value,
          "; allowed are 0 and above");
  return static_cast<std::uint32_t>(value);
}

std::uint32_t index_of(const char* name, const Tensor& value) {
  require(value.is_cpu() && value.scalar_type() == ScalarType::Long && value.numel() == 1, name,
          " must be one int64 on the CPU, as q");
  return index_of(name, *static_cast<const std::int64_t*>(value.const_data_ptr()));
}

/// libwean wants the last dimension contiguous and strides that are not negative; the others may be anything.
Tensor readable(const Tensor& tensor) { return tensor.stride(3) == 1 ? tensor : torch::stable::contiguous(tensor); }

}  // namespace

Tensor attention_meta(const Tensor& q) {
  // contiguous(empty_like(q)) and not sizes(): under torch.compile sizes may be symbols.
  return torch::stable::contiguous(torch::stable::empty_like(q));
}

Tensor attention_cpu(const Tensor& q, const Tensor& k, const Tensor& v, const Site& site, double scale) {
  const SharedMasks masks = find_masks(site.masks);
  const wean_masks_facts facts = facts_of(masks.get());
  const wean_dtype dtype = dtype_of(q);
  check_operand("q", q, q, facts.q_tokens, facts);
  check_operand("k", k, q, facts.k_tokens, facts);
  check_operand("v", v, q, facts.k_tokens, facts);
  const wean_site where = {index_of("phase", site.phase), index_of("branch", site.branch),
                           index_of("expert", site.expert), index_of("layer", site.layer)};
  const Tensor readable_q = readable(q), readable_k = readable(k), readable_v = readable(v);
  Tensor o = attention_meta(q);
  wean_attention_params params = params_of(readable_q, readable_k, readable_v, o, facts, scale);
  params.dtype = dtype;
  check(wean_attention_cpu(masks.get(), &where, &params));
  return o;
}

}  // namespace wean::torch_binding
