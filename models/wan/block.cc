#include "models/wan/block.h"

#include <ATen/ATen.h>

#include "models/deterministic.h"

namespace wean::models {
namespace {

/// softmax(q k^T / sqrt(d)) v over [tokens, heads, head_dim].
at::Tensor dense(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto heads_first = [](const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); };
  return at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v)).squeeze(0).transpose(0, 1);
}

at::Tensor self_attention(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& x,
                          const BlockInput& input, SelfAttention& attention) {
  const AttentionWeights& w = block.self;
  const at::Tensor q = apply_rope(normed_heads(w.q(x), w.norm_q, config), input.rope);
  const at::Tensor k = apply_rope(normed_heads(w.k(x), w.norm_k, config), input.rope);
  const at::Tensor v = w.v(x).unflatten(-1, {config.heads, config.head_dim});
  const at::Tensor o = attention.attend(input.call, q, k, v);
  return w.out(o.to(x.scalar_type()).flatten(1));
}

at::Tensor cross_attention(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& x,
                           const TextKeys& text) {
  const at::Tensor q = normed_heads(block.cross.q(x), block.cross.norm_q, config);
  return block.cross.out(dense(q, text.keys, text.values).flatten(1));
}

at::Tensor gated_sum(const at::Tensor& x, const at::Tensor& update, const at::Tensor& gate) {
  return (x.to(at::kFloat) + update.to(at::kFloat) * gate).to(x.scalar_type());
}

}  // namespace

at::Tensor DenseAttention::attend(const AttentionCall& /*call*/, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) {
  return dense(q, k, v);
}

BlockWeights take_block(Weights& weights, const TransformerConfig& config, std::int64_t layer) {
  const std::string prefix = "blocks." + std::to_string(layer) + ".";
  const std::int64_t dim = model_dim(config);
  BlockWeights block;
  block.self = take_attention(weights, prefix + "attn1", dim);
  block.cross = take_attention(weights, prefix + "attn2", dim);
  if (config.cross_attn_norm) {
    block.norm2_weight = weights.take(prefix + "norm2.weight", {dim}, at::kFloat);
    block.norm2_bias = weights.take(prefix + "norm2.bias", {dim}, at::kFloat);
  }
  block.ffn_in = take_linear(weights, prefix + "ffn.net.0.proj", dim, config.ffn_dim);
  block.ffn_out = take_linear(weights, prefix + "ffn.net.2", config.ffn_dim, dim);
  block.modulation = weights.take(prefix + "scale_shift_table", {1, 6, dim}, at::kFloat).squeeze(0);
  return block;
}

TextKeys project_text(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& text) {
  return {normed_heads(block.cross.k(text), block.cross.norm_k, config),
          block.cross.v(text).unflatten(-1, {config.heads, config.head_dim})};
}

at::Tensor run_block(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& x,
                     const BlockInput& input, SelfAttention& attention) {
  const auto type = x.scalar_type();
  const at::Tensor modulation = block.modulation + input.time;
  const at::Tensor gate = modulation[2];
  BlockInput own = input;
  own.call.output_weight = &block.self.out.weight;
  own.call.gate = &gate;

  at::Tensor y = layer_norm_fp32(x, 1 + modulation[1], modulation[0], config.eps, type);
  at::Tensor hidden = gated_sum(x, self_attention(block, config, y, own, attention), gate);
  y = config.cross_attn_norm ? layer_norm_fp32(hidden, block.norm2_weight, block.norm2_bias, config.eps, type) : hidden;
  hidden = hidden + cross_attention(block, config, y, input.text);
  y = layer_norm_fp32(hidden, 1 + modulation[4], modulation[3], config.eps, type);
  return gated_sum(hidden, block.ffn_out(gelu_tanh(block.ffn_in(y))), modulation[5]);
}

}  // namespace wean::models
