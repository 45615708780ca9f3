// Decoder of the Wan2.1 VAE (diffusers AutoencoderKLWan): latents to frames, one latent frame at a time.
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "models/files/config.h"
#include "models/files/weights.h"
#include "models/vae/layers.h"

namespace wean::models {

/// Computes in float32. Thread-compatible. Memory: the activations of one latent frame (stride_time frames of pixels)
/// and two frames for each of the convolutions, whatever the length of the clip.
class VaeDecoder {
 public:
  /// Receives decoded pixel frames in order: [n, 3, height, width] float32 in [-1, 1] on the decoder's device.
  using Sink = std::function<void(const at::Tensor& frames)>;

  /// Takes the decoder's weights (the encoder's stay); throws as Weights does, kMalformed for anything else left over.
  VaeDecoder(const VaeConfig& config, Weights weights);

  /// Normalised latents [z_dim, t, h, w]. The first latent frame gives one frame, each further one stride_time.
  /// Throws kUsage when the shape does not fit.
  void decode(const at::Tensor& latents, const Sink& sink) const;

 private:
  struct UpBlock {
    std::vector<ResidualBlock> residuals;
    Upsampler upsampler;
    bool upsamples = false;
  };
  [[nodiscard]] UpBlock take_up_block(Weights& weights, std::size_t index) const;
  [[nodiscard]] at::Tensor decode_frame(const at::Tensor& latent, FrameCache& cache, bool first) const;

  VaeConfig config_;
  c10::Device device_;
  at::Tensor mean_, std_;  ///< [z_dim, 1, 1]
  CausalConv post_quant_, conv_in_, conv_out_;
  ResidualBlock middle_in_, middle_out_;
  FrameAttention middle_attention_;
  std::vector<UpBlock> up_blocks_;
  at::Tensor gamma_out_;
};

}  // namespace wean::models
