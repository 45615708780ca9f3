#include "models/vae/decoder.h"

#include <ATen/ATen.h>

#include "common/base/error.h"
#include "models/deterministic.h"

namespace wean::models {
namespace {

at::Tensor per_channel(const std::vector<double>& values, c10::Device device) {
  return at::tensor(values, at::kDouble).to(at::kFloat).view({-1, 1, 1}).to(device);
}

void require_only_encoder_left(const Weights& weights) {
  for (const std::string& name : weights.leftovers()) {
    require(name.starts_with("encoder.") || name.starts_with("quant_conv."), ErrorCode::kMalformed, "VAE tensor '",
            name, "' is not part of a Wan2.1 VAE");
  }
}

}  // namespace

VaeDecoder::VaeDecoder(const VaeConfig& config, Weights weights) : config_(config), device_(weights.device()) {
  const std::int64_t widest = config.base_dim * config.dim_mult.back();
  mean_ = per_channel(config.latents_mean, device_);
  std_ = per_channel(config.latents_std, device_);
  post_quant_ = take_causal(weights, "post_quant_conv", config.z_dim, config.z_dim, 1, 1);
  conv_in_ = take_causal(weights, "decoder.conv_in", config.z_dim, widest, 3, 3);
  middle_in_ = take_residual(weights, "decoder.mid_block.resnets.0", widest, widest);
  middle_attention_ = take_frame_attention(weights, "decoder.mid_block.attentions.0", widest);
  middle_out_ = take_residual(weights, "decoder.mid_block.resnets.1", widest, widest);
  for (std::size_t i = 0; i < config.dim_mult.size(); ++i) up_blocks_.push_back(take_up_block(weights, i));
  const std::int64_t narrowest = config.base_dim * config.dim_mult.front();
  gamma_out_ = weights.take("decoder.norm_out.gamma", {narrowest, 1, 1, 1}).flatten();
  conv_out_ = take_causal(weights, "decoder.conv_out", narrowest, 3, 3, 3);
  require_only_encoder_left(weights);
}

VaeDecoder::UpBlock VaeDecoder::take_up_block(Weights& weights, std::size_t index) const {
  const std::size_t levels = config_.dim_mult.size();
  const auto width = [&](std::size_t level) { return config_.base_dim * config_.dim_mult[levels - 1 - level]; };
  const std::string prefix = "decoder.up_blocks." + std::to_string(index) + ".";
  // The upsampler before this block has halved the channels.
  std::int64_t in = index == 0 ? width(0) : width(index - 1) / 2;
  UpBlock block;
  for (std::int64_t i = 0; i <= config_.num_res_blocks; ++i) {
    block.residuals.push_back(take_residual(weights, prefix + "resnets." + std::to_string(i), in, width(index)));
    in = width(index);
  }
  block.upsamples = index + 1 < levels;
  if (block.upsamples) {
    const bool in_time = config_.temporal_downsample[levels - 2 - index];
    block.upsampler = take_upsampler(weights, prefix + "upsamplers.0", in, in_time);
  }
  return block;
}

at::Tensor VaeDecoder::decode_frame(const at::Tensor& latent, FrameCache& cache, bool first) const {
  cache.rewind();
  at::Tensor x = convolve(conv_in_, convolve(post_quant_, latent, cache), cache);
  x = run_residual(middle_in_, x, cache);
  x = run_frame_attention(middle_attention_, x);
  x = run_residual(middle_out_, x, cache);
  for (const UpBlock& block : up_blocks_) {
    for (const ResidualBlock& residual : block.residuals) x = run_residual(residual, x, cache);
    if (block.upsamples) x = run_upsampler(block.upsampler, x, cache, first);
  }
  return convolve(conv_out_, models::silu(rms_norm_channels(x, gamma_out_)), cache).clamp(-1, 1);
}

void VaeDecoder::decode(const at::Tensor& latents, const Sink& sink) const {
  require(latents.dim() == 4 && latents.size(0) == config_.z_dim && latents.numel() > 0, ErrorCode::kUsage,
          "latents of shape ", latents.sizes(), "; expected [", config_.z_dim, ", t, h, w]");
  FrameCache cache;
  for (std::int64_t t = 0; t < latents.size(1); ++t) {
    const at::Tensor latent = latents.select(1, t).to(device_, at::kFloat) * std_ + mean_;
    sink(decode_frame(latent.unsqueeze(0), cache, t == 0));
  }
}

}  // namespace wean::models
