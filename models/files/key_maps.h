// Names of the same weights in different layouts. Canonical are the names of diffusers (transformer, VAE) and
// transformers (UMT5).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/files/tensor_set.h"

namespace wean::models {

/// A pair of names; one '#' stands for the same decimal number on both sides. Names without their last part (".weight",
/// ".bias") match too, and the part is kept.
struct RenameRule {
  std::string_view from;
  std::string_view to;
};

/// The canonical name, or nothing when no rule applies.
[[nodiscard]] std::optional<std::string> rename(std::string_view name, std::span<const RenameRule> rules);

/// Original Wan transformer -> WanTransformer3DModel. Note that the original norm3 is norm2 here.
[[nodiscard]] std::span<const RenameRule> wan_transformer_rules() noexcept;
/// Original UMT5 encoder -> UMT5EncoderModel.
[[nodiscard]] std::span<const RenameRule> umt5_rules() noexcept;

/// Renames what the rules know; other names stay (and are left over when the model is built).
void rename_all(std::vector<TensorView>& tensors, std::span<const RenameRule> rules);
/// Original Wan2.1 VAE -> AutoencoderKLWan. The decoder's flat list becomes levels of `res_blocks` + 1 residual blocks
/// and one upsampler.
void rename_vae(std::vector<TensorView>& tensors, std::int64_t res_blocks);

}  // namespace wean::models
