// The UMT5 encoder, equal to transformers' UMT5EncoderModel: relative position bias in every layer, no scaling of the
// attention scores, RMS norms computed in float32, gated GELU(tanh).
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "models/files/config.h"
#include "models/files/weights.h"

namespace wean::models {

/// Token ids to hidden states. Immutable after construction; bit-equal results for any thread count.
class Umt5Encoder {
 public:
  /// Takes its tensors under transformers' names, in the type and on the device of `weights`. Throws what
  /// Weights::take throws.
  Umt5Encoder(const TextEncoderConfig& config, Weights& weights);

  /// The last hidden state [ids, d_model] of the ids, which attend to each other and to nothing else: padding that an
  /// attention mask hides changes nothing, so none is needed. Throws kMalformed when an id is not in the vocabulary.
  [[nodiscard]] at::Tensor encode(std::span<const std::int64_t> ids) const;

 private:
  struct Layer {
    at::Tensor attention_norm, q, k, v, o, bias;  ///< bias: [buckets, heads]
    at::Tensor ffn_norm, gate, up, down;
  };
  [[nodiscard]] at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const;
  [[nodiscard]] at::Tensor attend(const Layer& layer, const at::Tensor& x, const at::Tensor& buckets) const;

  TextEncoderConfig config_;
  at::Tensor embedding_, final_norm_;
  std::vector<Layer> layers_;
};

/// Bucket of each relative position j - i, [length, length] int64 on the CPU: half of the buckets for each direction,
/// in each half exact distances first, then logarithmic ones up to `max_distance` (T5, arXiv 1910.10683, section 2.1).
[[nodiscard]] at::Tensor relative_buckets(std::int64_t length, std::int64_t num_buckets, std::int64_t max_distance);

}  // namespace wean::models
