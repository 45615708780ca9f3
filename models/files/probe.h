// What a set of tensors is, told from names and shapes: needed for files without config, and to name what is not
// supported.
#pragma once
#include <string>
#include <vector>

#include "models/files/config.h"
#include "models/files/tensor_set.h"

namespace wean::models {

enum class Naming : std::uint8_t { kDiffusers, kOriginal };

/// Removes `model.diffusion_model.` from the names. Throws kMalformed when only some of them have it.
void strip_prefix(std::vector<TensorView>& tensors, const std::string& where);

/// Naming of a Wan2.1 text-to-video transformer; throws kUsage naming the architecture when it is another one (I2V,
/// VACE, Wan2.2, HunyuanVideo, CogVideoX, LTX, Flux, a LoRA, 8-bit weights) and kUsage when it is unknown.
[[nodiscard]] Naming probe_transformer(const std::vector<TensorView>& tensors, const std::string& where);

/// Sizes from canonical names and shapes. `head_dim` 0 = 128. Throws kMalformed when a needed tensor is missing or has
/// an impossible shape, kUsage when the model dimension is no multiple of the head dimension.
[[nodiscard]] TransformerConfig probe_transformer_config(const TensorSet& set, std::int64_t head_dim);
/// Sizes of a UMT5 encoder from canonical names.
[[nodiscard]] TextEncoderConfig probe_text_config(const TensorSet& set);
/// Sizes of a Wan2.1 VAE from original names; mean and deviation of the latents are those of the published model.
[[nodiscard]] VaeConfig probe_vae_config(const std::vector<TensorView>& tensors, const std::string& where);

}  // namespace wean::models
