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

/// All tensors of a file by name, float32. Throws what reading safetensors throws.
[[nodiscard]] std::map<std::string, at::Tensor> read_latents(const std::filesystem::path& path);

/// Publishes tensors by name as float32.
void write_latents(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                   Overwrite overwrite);

}  // namespace wean::verify
