#include "bindings/torch/attention.h"

#include <torch/csrc/stable/ops.h>

#include <limits>
#include <sstream>
#include <stdexcept>

#include "bindings/torch/registry.h"

namespace wean::torch_binding {
namespace {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (condition) return;
  std::ostringstream text;
  text << "wean::block_sparse_attention: ";
  (text << ... << parts);
  throw std::runtime_error(text.str());
}

std::string shape_of(const Tensor& tensor) {
  std::ostringstream text;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) text << (i == 0 ? "[" : ", ") << tensor.size(i);
  text << (tensor.dim() == 0 ? "[]" : "]");
  return text.str();
}

wean_dtype dtype_of(const Tensor& q) {
  const ScalarType type = q.scalar_type();
  require(type == ScalarType::Float || type == ScalarType::BFloat16, "q has element type number ",
          static_cast<int>(type), "; allowed are float32 and bfloat16");
  return type == ScalarType::Float ? WEAN_FLOAT32 : WEAN_BFLOAT16;
}

wean_masks_facts facts_of(const wean_masks* masks) {
  wean_masks_facts facts;
  wean_masks_facts_init(&facts);
  check(wean_masks_facts_get(masks, &facts));
  return facts;
}

void check_operand(const char* name, const Tensor& tensor, const Tensor& q, std::uint64_t tokens,
                   const wean_masks_facts& facts) {
  require(tensor.is_cpu() && tensor.scalar_type() == q.scalar_type(), name, " must be on the CPU and of the type of q");
  const bool fits = tensor.dim() == 4 && tensor.size(0) == q.size(0) &&
                    static_cast<std::uint64_t>(tensor.size(1)) == tokens && tensor.size(2) == facts.heads &&
                    tensor.size(3) == facts.head_dim;
  require(fits, name, " is ", shape_of(tensor), "; the mask file is for [batch, ", tokens, " tokens, ", facts.heads,
          " heads, ", facts.head_dim, "], grid ", facts.grid_frames, "x", facts.grid_height, "x", facts.grid_width);
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

void set_operands(wean_attention_params& to, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& o) {
  to.q = q.const_data_ptr();
  to.k = k.const_data_ptr();
  to.v = v.const_data_ptr();
  to.o = o.mutable_data_ptr();
  to.q_stride_batch = q.stride(0), to.q_stride_token = q.stride(1), to.q_stride_head = q.stride(2);
  to.k_stride_batch = k.stride(0), to.k_stride_token = k.stride(1), to.k_stride_head = k.stride(2);
  to.v_stride_batch = v.stride(0), to.v_stride_token = v.stride(1), to.v_stride_head = v.stride(2);
  to.o_stride_batch = o.stride(0), to.o_stride_token = o.stride(1), to.o_stride_head = o.stride(2);
}

}  // namespace

Tensor attention_meta(const Tensor& q) {
  // contiguous(empty_like(q)) and not sizes(): under torch.compile sizes may be symbols.
  return torch::stable::contiguous(torch::stable::empty_like(q));
}

Tensor attention_cpu(const Tensor& q, const Tensor& k, const Tensor& v, const Site& site, double scale) {
  const SharedMasks masks = find_masks(site.masks);
  const wean_masks_facts facts = facts_of(masks.get());
  wean_attention_params params;
  wean_attention_params_init(&params);
  params.dtype = dtype_of(q);
  check_operand("q", q, q, facts.q_tokens, facts);
  check_operand("k", k, q, facts.k_tokens, facts);
  check_operand("v", v, q, facts.k_tokens, facts);
  const wean_site where = {index_of("phase", site.phase), index_of("branch", site.branch),
                           index_of("expert", site.expert), index_of("layer", site.layer)};
  const Tensor readable_q = readable(q), readable_k = readable(k), readable_v = readable(v);
  Tensor o = attention_meta(q);
  set_operands(params, readable_q, readable_k, readable_v, o);
  params.tokens = facts.q_tokens, params.heads = facts.heads, params.head_dim = facts.head_dim;
  params.batch = q.size(0);
  params.scale = static_cast<float>(scale);
  check(wean_attention_cpu(masks.get(), &where, &params));
  return o;
}

}  // namespace wean::torch_binding
