#include "bindings/torch/operands.h"

#include "bindings/torch/registry.h"

namespace wean::torch_binding {

using torch::stable::Tensor;

std::string shape_of(const Tensor& tensor) {
  std::ostringstream text;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) text << (i == 0 ? "[" : ", ") << tensor.size(i);
  text << (tensor.dim() == 0 ? "[]" : "]");
  return text.str();
}

wean_masks_facts facts_of(const wean_masks* masks) {
  wean_masks_facts facts;
  wean_masks_facts_init(&facts);
  check(wean_masks_facts_get(masks, &facts));
  return facts;
}

void check_shape(const char* name, const Tensor& tensor, const Tensor& q, std::uint64_t tokens,
                 const wean_masks_facts& facts) {
  const bool fits = tensor.dim() == 4 && tensor.size(0) == q.size(0) &&
                    static_cast<std::uint64_t>(tensor.size(1)) == tokens && tensor.size(2) == facts.heads &&
                    tensor.size(3) == facts.head_dim;
  if (fits) return;  // the text is made for failures alone
  require(false, name, " is ", shape_of(tensor), "; the mask file is for [batch, ", tokens, " tokens, ", facts.heads,
          " heads, ", facts.head_dim, "], grid ", facts.grid_frames, "x", facts.grid_height, "x", facts.grid_width);
}

wean_attention_params params_of(const Tensor& q, const Tensor& k, const Tensor& v, Tensor& o,
                                const wean_masks_facts& facts, double scale) {
  wean_attention_params to;
  wean_attention_params_init(&to);
  to.q = q.const_data_ptr();
  to.k = k.const_data_ptr();
  to.v = v.const_data_ptr();
  to.o = o.mutable_data_ptr();
  to.q_stride_batch = q.stride(0), to.q_stride_token = q.stride(1), to.q_stride_head = q.stride(2);
  to.k_stride_batch = k.stride(0), to.k_stride_token = k.stride(1), to.k_stride_head = k.stride(2);
  to.v_stride_batch = v.stride(0), to.v_stride_token = v.stride(1), to.v_stride_head = v.stride(2);
  to.o_stride_batch = o.stride(0), to.o_stride_token = o.stride(1), to.o_stride_head = o.stride(2);
  to.tokens = facts.q_tokens, to.heads = facts.heads, to.head_dim = facts.head_dim;
  to.batch = q.size(0);
  to.scale = static_cast<float>(scale);
  return to;
}

}  // namespace wean::torch_binding
