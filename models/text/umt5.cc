#include "models/text/umt5.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "common/base/error.h"
#include "models/deterministic.h"

namespace wean::models {

at::Tensor relative_buckets(std::int64_t length, std::int64_t num_buckets, std::int64_t max_distance) {
  const std::int64_t half = num_buckets / 2;
  const std::int64_t exact = half / 2;
  // float32 throughout, as in the reference: bucket borders depend on its rounding.
  const at::Tensor distance = at::arange(length, at::kLong);
  const double span = std::log(static_cast<double>(max_distance) / static_cast<double>(exact));
  const at::Tensor ratio = at::log(distance.to(at::kFloat) / static_cast<double>(exact)) / span;
  const at::Tensor far = (exact + (ratio * static_cast<double>(half - exact)).to(at::kLong)).clamp_max(half - 1);
  const at::Tensor bucket = at::where(distance < exact, distance, far);
  const at::Tensor relative = distance.unsqueeze(0) - distance.unsqueeze(1);
  return bucket.index({relative.abs()}) + (relative > 0).to(at::kLong) * half;
}

Umt5Encoder::Umt5Encoder(const TextEncoderConfig& config, Weights& weights) : config_(config) {
  const std::int64_t dim = config.d_model;
  const std::int64_t inner = config.heads * config.d_kv;
  embedding_ = weights.take("shared.weight", {config.vocab_size, dim});
  final_norm_ = weights.take("encoder.final_layer_norm.weight", {dim});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    const std::string block = "encoder.block." + std::to_string(i) + ".layer.";
    const std::string attention = block + "0.SelfAttention.";
    const std::string dense = block + "1.DenseReluDense.";
    Layer layer;
    layer.attention_norm = weights.take(block + "0.layer_norm.weight", {dim});
    layer.q = weights.take(attention + "q.weight", {inner, dim});
    layer.k = weights.take(attention + "k.weight", {inner, dim});
    layer.v = weights.take(attention + "v.weight", {inner, dim});
    layer.o = weights.take(attention + "o.weight", {dim, inner});
    layer.bias = weights.take(attention + "relative_attention_bias.weight", {config.num_buckets, config.heads});
    layer.ffn_norm = weights.take(block + "1.layer_norm.weight", {dim});
    layer.gate = weights.take(dense + "wi_0.weight", {config.d_ff, dim});
    layer.up = weights.take(dense + "wi_1.weight", {config.d_ff, dim});
    layer.down = weights.take(dense + "wo.weight", {dim, config.d_ff});
    layers_.push_back(std::move(layer));
  }
}

at::Tensor Umt5Encoder::norm(const at::Tensor& x, const at::Tensor& weight) const {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt((wide * wide).mean(-1, true) + config_.eps);
  return weight * (wide * scale).to(weight.scalar_type());
}

at::Tensor Umt5Encoder::attend(const Layer& layer, const at::Tensor& x, const at::Tensor& buckets) const {
  const auto split = [&](const at::Tensor& weight) {
    return at::linear(x, weight).view({1, x.size(0), config_.heads, config_.d_kv}).transpose(1, 2);
  };
  const at::Tensor bias = layer.bias.index({buckets}).permute({2, 0, 1}).unsqueeze(0).contiguous();
  const at::Tensor mixed =
      at::scaled_dot_product_attention(split(layer.q), split(layer.k), split(layer.v), bias, 0.0, false, 1.0);
  return at::linear(mixed.transpose(1, 2).reshape({x.size(0), -1}), layer.o);
}

at::Tensor Umt5Encoder::encode(std::span<const std::int64_t> ids) const {
  for (const std::int64_t id : ids) {
    require(id >= 0 && id < config_.vocab_size, ErrorCode::kMalformed, "token id ", id,
            ": the text encoder has a vocabulary of ", config_.vocab_size, "; the tokenizer is another model's");
  }
  const auto length = static_cast<std::int64_t>(ids.size());
  const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(ids.data(), ids.size()), at::kLong);
  const at::Tensor buckets =
      relative_buckets(length, config_.num_buckets, config_.max_distance).to(embedding_.device());
  at::Tensor x = embedding_.index_select(0, index.to(embedding_.device()));
  for (const Layer& layer : layers_) {
    x = x + attend(layer, norm(x, layer.attention_norm), buckets);
    const at::Tensor y = norm(x, layer.ffn_norm);
    x = x + at::linear(gelu_tanh(at::linear(y, layer.gate)) * at::linear(y, layer.up), layer.down);
  }
  return norm(x, final_norm_);
}

}  // namespace wean::models
