#include "models/wan/transformer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"
#include "models/deterministic.h"

namespace wean::models {
namespace {

constexpr std::int64_t kPatch = 2;  // in height and width; 1 in time

/// [c, t, h, w] -> [tokens, c * 2 * 2], channel-major as the rows of the patch embedding's kernel.
at::Tensor patchify(const at::Tensor& x) {
  const auto c = x.size(0), t = x.size(1), h = x.size(2) / kPatch, w = x.size(3) / kPatch;
  return x.view({c, t, h, kPatch, w, kPatch}).permute({1, 2, 4, 0, 3, 5}).reshape({t * h * w, c * kPatch * kPatch});
}

/// [tokens, 2 * 2 * c], channel last -> [c, t, h, w].
at::Tensor unpatchify(const at::Tensor& x, const Grid& grid) {
  const at::Tensor patches = x.view({grid.frames, grid.height, grid.width, kPatch, kPatch, -1});
  return patches.permute({5, 0, 1, 3, 2, 4}).reshape({-1, grid.frames, grid.height * kPatch, grid.width * kPatch});
}

}  // namespace

WanTransformer::WanTransformer(const TransformerConfig& config, Weights weights)
    : config_(config), device_(weights.device()), type_(weights.type()) {
  const std::int64_t dim = model_dim(config);
  require(config.patch == std::array<std::int64_t, 3>{1, kPatch, kPatch} && config.head_dim % 2 == 0, ErrorCode::kUsage,
          "transformer with patch ", at::IntArrayRef(config.patch), " and head_dim ", config.head_dim,
          "; supported are patch [1, 2, 2] and an even head_dim");
  const at::Tensor kernel = weights.take("patch_embedding.weight", {dim, config.in_channels, 1, kPatch, kPatch});
  patch_ = {kernel.flatten(1), weights.take("patch_embedding.bias", {dim})};
  text_in_ = take_linear(weights, "condition_embedder.text_embedder.linear_1", config.text_dim, dim);
  text_out_ = take_linear(weights, "condition_embedder.text_embedder.linear_2", dim, dim);
  time_ = take_time_embedder(weights, config);
  blocks_.reserve(static_cast<std::size_t>(config.layers));
  for (std::int64_t layer = 0; layer < config.layers; ++layer) blocks_.push_back(take_block(weights, config, layer));
  head_ = take_linear(weights, "proj_out", dim, config.out_channels * kPatch * kPatch);
  head_modulation_ = weights.take("scale_shift_table", {1, 2, dim}, at::kFloat).squeeze(0);
  weights.require_all_taken();
}

Grid WanTransformer::grid_of(at::IntArrayRef latents) const {
  require(
      latents.size() == 4 && latents[0] == config_.in_channels && latents[2] % kPatch == 0 && latents[3] % kPatch == 0,
      ErrorCode::kUsage, "latents of shape ", latents, "; expected [", config_.in_channels,
      ", t, h, w] with even h and w");
  const Grid grid{latents[1], latents[2] / kPatch, latents[3] / kPatch};
  const std::int64_t longest = std::max({grid.frames, grid.height, grid.width});
  require(grid.tokens() > 0 && longest <= config_.rope_max_seq_len, ErrorCode::kUsage, "token grid ", to_string(grid),
          "; each axis must be from 1 to ", config_.rope_max_seq_len);
  return grid;
}

TextContext WanTransformer::prepare_text(const at::Tensor& embedding) const {
  require(embedding.dim() == 2 && embedding.size(1) == config_.text_dim, ErrorCode::kUsage,
          "prompt embedding of shape ", embedding.sizes(), "; expected [tokens, ", config_.text_dim, "]");
  const at::Tensor text = text_out_(gelu_tanh(text_in_(embedding.to(device_, type_))));
  TextContext context;
  context.reserve(blocks_.size());
  for (const BlockWeights& block : blocks_) context.push_back(project_text(block, config_, text));
  return context;
}

at::Tensor WanTransformer::forward(const at::Tensor& latents, const TextContext& text, const Rope& rope,
                                   const Pass& pass, SelfAttention& attention) const {
  const Grid grid = grid_of(latents.sizes());
  const TimeEmbedding time = embed_time(time_, config_, pass.timestep);
  at::Tensor x = patch_(patchify(latents.to(device_, type_).contiguous()));
  AttentionCall call = pass.call;
  call.grid = grid;
  for (std::size_t layer = 0; layer < blocks_.size(); ++layer) {
    call.layer = static_cast<std::uint32_t>(layer);
    x = run_block(blocks_[layer], config_, x, {text[layer], rope, time.modulation, call}, attention);
  }
  const at::Tensor modulation = head_modulation_ + time.embedding;
  x = layer_norm_fp32(x, 1 + modulation[1], modulation[0], config_.eps, type_);
  return unpatchify(head_(x), grid);
}

}  // namespace wean::models
