// One transformer block: self-attention through the hook, cross-attention to the text, feed-forward.
#pragma once
#include <ATen/core/Tensor.h>

#include "models/attention.h"
#include "models/wan/layers.h"
#include "models/wan/rope.h"

namespace wean::models {

/// Weights of a block, on the device, in the run's type; norms and the modulation table in float32.
struct BlockWeights {
  AttentionWeights self, cross;
  at::Tensor norm2_weight, norm2_bias;  ///< [dim] before cross-attention; undefined without cross_attn_norm
  Linear ffn_in, ffn_out;
  at::Tensor modulation;  ///< scale_shift_table [6, dim]: shift, scale, gate of attention, then of the feed-forward
};
[[nodiscard]] BlockWeights take_block(Weights& weights, const TransformerConfig& config, std::int64_t layer);

/// Keys and values of the text in one layer: [text_len, heads, head_dim]. They depend on the prompt alone.
struct TextKeys {
  at::Tensor keys, values;
};
[[nodiscard]] TextKeys project_text(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& text);

/// What a block sees besides its weights and tokens.
struct BlockInput {
  const TextKeys& text;
  const Rope& rope;
  const at::Tensor& time;  ///< TimeEmbedding::modulation
  AttentionCall call;      ///< the block fills in output_weight and gate
};

/// x [tokens, dim] in the run's type -> the same shape and type.
[[nodiscard]] at::Tensor run_block(const BlockWeights& block, const TransformerConfig& config, const at::Tensor& x,
                                   const BlockInput& input, SelfAttention& attention);

}  // namespace wean::models
