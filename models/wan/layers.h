// The weights of the transformer's parts, as taken from a Weights, and the functions that apply them.
#pragma once
#include <ATen/core/Tensor.h>

#include <string>

#include "models/files/config.h"
#include "models/files/weights.h"

namespace wean::models {

[[nodiscard]] inline std::int64_t model_dim(const TransformerConfig& config) noexcept {
  return config.heads * config.head_dim;
}

/// y = x W^T + b, W [out, in].
struct Linear {
  at::Tensor weight, bias;
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};
[[nodiscard]] Linear take_linear(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out);
/// The same in float32 whatever the run's type: modules that diffusers keeps in float32.
[[nodiscard]] Linear take_linear_fp32(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out);

/// Projections and QK norms of self- or cross-attention; the norms run over all heads before the split.
struct AttentionWeights {
  Linear q, k, v, out;
  at::Tensor norm_q, norm_k;  ///< [dim]
};
[[nodiscard]] AttentionWeights take_attention(Weights& weights, const std::string& prefix, std::int64_t dim);

/// LayerNorm over the last axis in float32, times `scale` plus `shift` (each [dim] float32, or undefined for 1 and 0),
/// returned in `type`.
[[nodiscard]] at::Tensor layer_norm_fp32(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                                         double eps, c10::ScalarType type);

/// RMS norm over the last axis, then the split into heads: [tokens, dim] -> [tokens, heads, head_dim].
[[nodiscard]] at::Tensor normed_heads(const at::Tensor& x, const at::Tensor& norm, const TransformerConfig& config);

/// Two linear layers with an activation between them, and the time projection: what turns a timestep into modulation.
struct TimeEmbedder {
  Linear first, second;  ///< float32
  Linear projection;     ///< the run's type
};
/// Embedding of a timestep: `modulation` [6, dim] and `embedding` [dim] float32, rounded to the run's type where
/// diffusers rounds.
struct TimeEmbedding {
  at::Tensor embedding, modulation;
};
[[nodiscard]] TimeEmbedder take_time_embedder(Weights& weights, const TransformerConfig& config);
[[nodiscard]] TimeEmbedding embed_time(const TimeEmbedder& embedder, const TransformerConfig& config, double timestep);

}  // namespace wean::models
