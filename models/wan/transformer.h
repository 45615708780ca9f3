// The Wan2.1 text-to-video transformer (diffusers WanTransformer3DModel): latents, timestep and text -> velocity.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "models/attention.h"
#include "models/files/config.h"
#include "models/files/weights.h"
#include "models/wan/block.h"
#include "models/wan/rope.h"

namespace wean::models {

/// Text of one branch, projected once for a whole run: keys and values of every layer.
using TextContext = std::vector<TextKeys>;

/// One forward pass: the hook's call (layer, output_weight and gate are filled in on the way) and the timestep.
struct Pass {
  AttentionCall call;
  double timestep = 0;  ///< in [0, 1000]; the scheduler's, not always 1000 * sigma
};

/// Weights on one device in one type; thread-compatible. Computes under c10::InferenceMode of the caller.
class WanTransformer {
 public:
  /// Takes every weight; throws as Weights does, also when weights are left over.
  WanTransformer(const TransformerConfig& config, Weights weights);

  [[nodiscard]] const TransformerConfig& config() const noexcept { return config_; }
  [[nodiscard]] c10::Device device() const noexcept { return device_; }
  [[nodiscard]] c10::ScalarType type() const noexcept { return type_; }
  /// Token grid of latents [channels, t, h, w]; throws kUsage when h or w is odd or an axis is beyond rope_max_seq_len.
  [[nodiscard]] Grid grid_of(at::IntArrayRef latents) const;
  /// Projects prompt embeddings [text_len, text_dim].
  [[nodiscard]] TextContext prepare_text(const at::Tensor& embedding) const;
  /// latents [in_channels, t, h, w] of any float type -> velocity [out_channels, t, h, w] in the run's type.
  [[nodiscard]] at::Tensor forward(const at::Tensor& latents, const TextContext& text, const Rope& rope,
                                   const Pass& pass, SelfAttention& attention) const;

 private:
  TransformerConfig config_;
  c10::Device device_;
  c10::ScalarType type_;
  Linear patch_, text_in_, text_out_, head_;
  TimeEmbedder time_;
  std::vector<BlockWeights> blocks_;
  at::Tensor head_modulation_;  ///< [2, dim] float32: shift, scale
};

}  // namespace wean::models
