#include "models/vae/layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "models/deterministic.h"

namespace wean::models {
namespace {

constexpr std::int64_t kPixels = 1024;  // of one channel that a thread works on at a time
constexpr float kTiny = 1e-12F;

/// One run of pixels of one frame; channels lie `stride` floats apart.
void normalise_pixels(const float* in, float* out, const float* gamma, std::int64_t channels, std::int64_t stride,
                      std::int64_t count) {
  std::array<float, kPixels> factor{};
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* row = in + c * stride;
    for (std::int64_t p = 0; p < count; ++p) factor[static_cast<std::size_t>(p)] += row[p] * row[p];
  }
  const float scale = std::sqrt(static_cast<float>(channels));
  for (float& f : factor) f = scale / std::max(std::sqrt(f), kTiny);
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* row = in + c * stride;
    for (std::int64_t p = 0; p < count; ++p) {
      out[c * stride + p] = row[p] * factor[static_cast<std::size_t>(p)] * gamma[c];
    }
  }
}

at::Tensor rms_norm_cpu(const at::Tensor& x, const at::Tensor& gamma) {
  at::Tensor out = at::empty_like(x);
  const std::int64_t channels = x.size(1), plane = x.size(2) * x.size(3);
  const std::int64_t runs = (plane + kPixels - 1) / kPixels;
  const float* in = x.const_data_ptr<float>();
  const float* weights = gamma.const_data_ptr<float>();
  float* to = out.mutable_data_ptr<float>();
  at::parallel_for(0, x.size(0) * runs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % runs * kPixels;
      const std::int64_t offset = i / runs * channels * plane + first;
      normalise_pixels(in + offset, to + offset, weights, channels, plane, std::min(kPixels, plane - first));
    }
  });
  return out;
}

/// [n, in, h, w] -> [n, out, h, w]. A 1x1 window is a matrix product: for it LibTorch's conv2d takes another algorithm
/// on one thread than on several.
at::Tensor convolve_frames(const CausalConv& conv, const at::Tensor& x) {
  const std::int64_t window = conv.weight.size(3);
  if (window > 1) return at::conv2d(x, conv.weight, conv.bias, 1, window / 2);
  const at::Tensor product = at::matmul(conv.weight.flatten(1), x.flatten(2)) + conv.bias.unsqueeze(1);
  return product.view({x.size(0), -1, x.size(2), x.size(3)});
}

at::Tensor norm_silu(const at::Tensor& x, const at::Tensor& gamma) { return models::silu(rms_norm_channels(x, gamma)); }

}  // namespace

at::Tensor& FrameCache::next(const at::Tensor& frames) {
  if (cursor_ == slots_.size()) {
    slots_.push_back(at::zeros({2, frames.size(1), frames.size(2), frames.size(3)}, frames.options()));
  }
  return slots_[cursor_++];
}

void FrameCache::skip(const at::Tensor& frames) { next(frames); }

at::Tensor FrameCache::extend(const at::Tensor& frames) {
  at::Tensor& slot = next(frames);
  at::Tensor extended = at::cat({slot, frames});
  slot = extended.narrow(0, frames.size(0), 2).clone();
  return extended;
}

CausalConv take_causal(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t taps,
                       std::int64_t k) {
  const at::Tensor kernel = weights.take(name + ".weight", {out, in, taps, k, k});
  return {kernel.transpose(1, 2).reshape({out, taps * in, k, k}), weights.take(name + ".bias", {out}), taps};
}

CausalConv take_plain(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out, std::int64_t k) {
  return {weights.take(name + ".weight", {out, in, k, k}), weights.take(name + ".bias", {out}), 1};
}

at::Tensor convolve(const CausalConv& conv, const at::Tensor& x, FrameCache& cache) {
  if (conv.taps == 1) return convolve_frames(conv, x);
  const at::Tensor extended = cache.extend(x);
  std::vector<at::Tensor> frames;
  for (std::int64_t t = 0; t < x.size(0); ++t) {
    const at::Tensor window = extended.narrow(0, t, conv.taps).view({1, -1, x.size(2), x.size(3)});
    frames.push_back(convolve_frames(conv, window));
  }
  return frames.size() == 1 ? frames.front() : at::cat(frames);
}

at::Tensor rms_norm_channels(const at::Tensor& x, const at::Tensor& gamma) {
  if (x.is_cpu()) return rms_norm_cpu(x.contiguous(), gamma);
  const at::Tensor length = at::linalg_vector_norm(x, 2, at::IntArrayRef{1}, true).clamp_min(kTiny);
  return x / length * std::sqrt(static_cast<double>(x.size(1))) * gamma.view({-1, 1, 1});
}

ResidualBlock take_residual(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out) {
  ResidualBlock block;
  block.gamma_1 = weights.take(name + ".norm1.gamma", {in, 1, 1, 1}).flatten();
  block.conv_1 = take_causal(weights, name + ".conv1", in, out, 3, 3);
  block.gamma_2 = weights.take(name + ".norm2.gamma", {out, 1, 1, 1}).flatten();
  block.conv_2 = take_causal(weights, name + ".conv2", out, out, 3, 3);
  if (in != out) block.shortcut = take_causal(weights, name + ".conv_shortcut", in, out, 1, 1);
  return block;
}

at::Tensor run_residual(const ResidualBlock& block, const at::Tensor& x, FrameCache& cache) {
  const at::Tensor straight = block.shortcut.weight.defined() ? convolve(block.shortcut, x, cache) : x;
  const at::Tensor middle = convolve(block.conv_1, norm_silu(x, block.gamma_1), cache);
  return convolve(block.conv_2, norm_silu(middle, block.gamma_2), cache).add_(straight);
}

FrameAttention take_frame_attention(Weights& weights, const std::string& name, std::int64_t dim) {
  FrameAttention block;
  block.gamma = weights.take(name + ".norm.gamma", {dim, 1, 1}).flatten();
  block.qkv = take_plain(weights, name + ".to_qkv", dim, 3 * dim, 1);
  block.projection = take_plain(weights, name + ".proj", dim, dim, 1);
  return block;
}

at::Tensor run_frame_attention(const FrameAttention& block, const at::Tensor& x) {
  FrameCache unused;
  const at::Tensor qkv = convolve(block.qkv, rms_norm_channels(x, block.gamma), unused);
  const auto parts = qkv.flatten(2).transpose(1, 2).unsqueeze(1).contiguous().chunk(3, -1);
  const at::Tensor o = at::scaled_dot_product_attention(parts[0], parts[1], parts[2]);
  return convolve(block.projection, o.squeeze(1).transpose(1, 2).reshape(x.sizes()), unused) + x;
}

Upsampler take_upsampler(Weights& weights, const std::string& name, std::int64_t dim, bool in_time) {
  Upsampler block;
  if (in_time) block.time_conv = take_causal(weights, name + ".time_conv", dim, 2 * dim, 3, 1);
  block.conv = take_plain(weights, name + ".resample.1", dim, dim / 2, 3);
  return block;
}

at::Tensor run_upsampler(const Upsampler& block, const at::Tensor& x, FrameCache& cache, bool first) {
  at::Tensor y = x;
  if (block.time_conv.weight.defined()) {
    if (first) {
      cache.skip(x);
    } else {  // channels hold the earlier frame, then the later one
      y = convolve(block.time_conv, x, cache).reshape({2 * x.size(0), x.size(1), x.size(2), x.size(3)});
    }
  }
  const at::Tensor large = at::upsample_nearest2d(y, {2 * y.size(2), 2 * y.size(3)});
  return convolve(block.conv, large, cache);
}

}  // namespace wean::models
