#include "models/wan/layers.h"

#include <ATen/ATen.h>

#include <cmath>

#include "models/deterministic.h"

namespace wean::models {
namespace {

Linear take_linear_as(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out,
                      c10::ScalarType type) {
  return {weights.take(name + ".weight", {out, in}, type), weights.take(name + ".bias", {out}, type)};
}

/// [cos(t f_0) .. , sin(t f_0) ..] with f_i = 10000^(-i / half), float32 as diffusers computes it.
at::Tensor sinusoid(double timestep, std::int64_t dim, c10::Device device) {
  const std::int64_t half = dim / 2;
  const at::Tensor index = at::arange(half, at::TensorOptions().dtype(at::kFloat));
  const at::Tensor angles = at::exp(index * -std::log(10000.0) / static_cast<double>(half)) * timestep;
  return at::cat({angles.cos(), angles.sin()}).unsqueeze(0).to(device);
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

Linear take_linear(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out) {
  return take_linear_as(weights, name, in, out, weights.type());
}

Linear take_linear_fp32(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out) {
  return take_linear_as(weights, name, in, out, at::kFloat);
}

AttentionWeights take_attention(Weights& weights, const std::string& prefix, std::int64_t dim) {
  AttentionWeights attention;
  attention.q = take_linear(weights, prefix + ".to_q", dim, dim);
  attention.k = take_linear(weights, prefix + ".to_k", dim, dim);
  attention.v = take_linear(weights, prefix + ".to_v", dim, dim);
  attention.out = take_linear(weights, prefix + ".to_out.0", dim, dim);
  attention.norm_q = weights.take(prefix + ".norm_q.weight", {dim});
  attention.norm_k = weights.take(prefix + ".norm_k.weight", {dim});
  return attention;
}

at::Tensor layer_norm_fp32(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift, double eps,
                           c10::ScalarType type) {
  return at::layer_norm(x.to(at::kFloat), {x.size(-1)}, scale, shift, eps).to(type);
}

at::Tensor normed_heads(const at::Tensor& x, const at::Tensor& norm, const TransformerConfig& config) {
  return at::rms_norm(x, {model_dim(config)}, norm, config.eps).unflatten(-1, {config.heads, config.head_dim});
}

TimeEmbedder take_time_embedder(Weights& weights, const TransformerConfig& config) {
  const std::string prefix = "condition_embedder.";
  const std::int64_t dim = model_dim(config);
  TimeEmbedder embedder;
  embedder.first = take_linear_fp32(weights, prefix + "time_embedder.linear_1", config.freq_dim, dim);
  embedder.second = take_linear_fp32(weights, prefix + "time_embedder.linear_2", dim, dim);
  embedder.projection = take_linear(weights, prefix + "time_proj", dim, 6 * dim);
  return embedder;
}

TimeEmbedding embed_time(const TimeEmbedder& embedder, const TransformerConfig& config, double timestep) {
  const c10::ScalarType type = embedder.projection.weight.scalar_type();
  const at::Tensor waves = sinusoid(timestep, config.freq_dim, embedder.first.weight.device());
  // diffusers casts the embedding to the type of the text before the projection.
  const at::Tensor embedding = embedder.second(models::silu(embedder.first(waves))).to(type);
  const at::Tensor modulation = embedder.projection(models::silu(embedding));
  return {embedding.to(at::kFloat).squeeze(0), modulation.to(at::kFloat).view({6, model_dim(config)})};
}

}  // namespace wean::models
