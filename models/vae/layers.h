// Parts of the Wan VAE decoder. Activations are frames [t, channels, h, w] in float32.
//
// A causal 3-D convolution sees the two frames before the current ones. It is computed as 2-D convolutions over three
// frames laid side by side as channels, which on the CPU is about eight times faster than LibTorch's conv3d.
#pragma once
#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "models/files/weights.h"

namespace wean::models {

/// The last two input frames of each causal convolution, in the order in which a decoder calls them.
class FrameCache {
 public:
  /// Begins the next latent frame.
  void rewind() noexcept { cursor_ = 0; }
  /// Puts the two earlier frames of the next convolution before `frames` (zeros at the start of the clip) and remembers
  /// the last two: [t, c, h, w] -> [t + 2, c, h, w].
  [[nodiscard]] at::Tensor extend(const at::Tensor& frames);
  /// Passes over the next convolution without running it: its earlier frames stay zero.
  void skip(const at::Tensor& frames);

 private:
  at::Tensor& next(const at::Tensor& frames);
  std::vector<at::Tensor> slots_;
  std::size_t cursor_ = 0;
};

/// Convolution over `taps` frames (3, or 1 which needs no cache) and a k x k window, zero-padded in space.
struct CausalConv {
  at::Tensor weight;  ///< [out, taps * in, k, k]
  at::Tensor bias;    ///< [out]
  std::int64_t taps = 1;
};
/// Takes `name`.weight of shape [out, in, taps, k, k] and its bias.
[[nodiscard]] CausalConv take_causal(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out,
                                     std::int64_t taps, std::int64_t k);
/// Takes a plain 2-D convolution: `name`.weight of shape [out, in, k, k].
[[nodiscard]] CausalConv take_plain(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out,
                                    std::int64_t k);
[[nodiscard]] at::Tensor convolve(const CausalConv& conv, const at::Tensor& x, FrameCache& cache);

/// x / max(|x|, 1e-12) * sqrt(channels) * gamma with |x| over the channels of each pixel. Same bits for any thread
/// count.
[[nodiscard]] at::Tensor rms_norm_channels(const at::Tensor& x, const at::Tensor& gamma);

/// norm, SiLU, causal convolution, twice, plus the input (through a 1x1 convolution when the width changes).
struct ResidualBlock {
  at::Tensor gamma_1, gamma_2;
  CausalConv conv_1, conv_2, shortcut;  ///< shortcut.weight is undefined when the width stays
};
[[nodiscard]] ResidualBlock take_residual(Weights& weights, const std::string& name, std::int64_t in, std::int64_t out);
[[nodiscard]] at::Tensor run_residual(const ResidualBlock& block, const at::Tensor& x, FrameCache& cache);

/// One-head self-attention within each frame, plus the input.
struct FrameAttention {
  at::Tensor gamma;
  CausalConv qkv, projection;
};
[[nodiscard]] FrameAttention take_frame_attention(Weights& weights, const std::string& name, std::int64_t dim);
[[nodiscard]] at::Tensor run_frame_attention(const FrameAttention& block, const at::Tensor& x);

/// Doubles height and width (nearest, then a convolution to half the channels); with time_conv.weight defined also the
/// frames, except for the clip's first latent frame.
struct Upsampler {
  CausalConv time_conv, conv;
};
[[nodiscard]] Upsampler take_upsampler(Weights& weights, const std::string& name, std::int64_t dim, bool in_time);
[[nodiscard]] at::Tensor run_upsampler(const Upsampler& block, const at::Tensor& x, FrameCache& cache, bool first);

}  // namespace wean::models
