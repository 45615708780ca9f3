// Latents in safetensors files, so that any implementation can start from wean's noise or compare its result.
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

#include "common/base/file.h"

namespace wean::verify {

/// Float32 [channels, t, h, w] of clip `number`: the tensor "initial.<number>", or "latents" for every clip; a leading
/// batch dimension of 1 is dropped. Throws kMalformed naming file, tensor and shape when it is missing or does not fit.
[[nodiscard]] at::Tensor read_initial_latents(const std::filesystem::path& path, std::size_t number,
                                              at::IntArrayRef shape);

/// Refuses, before any work, a file that lacks the latents of one of `clips` clips or has them in another shape.
/// "latents" for every clip is allowed with one noise a prompt: more would be the same clip again. Throws kUsage and
/// kMalformed naming file and tensor.
void check_initial_latents(const std::filesystem::path& path, std::size_t clips, std::uint32_t seeds_per_prompt,
                           at::IntArrayRef shape);

/// All tensors of a file by name, float32. Throws what reading safetensors throws.
[[nodiscard]] std::map<std::string, at::Tensor> read_latents(const std::filesystem::path& path);

/// Publishes tensors by name as float32.
void write_latents(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                   Overwrite overwrite);

}  // namespace wean::verify
