// Tensors in and out of the probe as safetensors.
#pragma once
#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace wean::probe {

using Tensors = std::map<std::string, at::Tensor>;

[[nodiscard]] Tensors read_tensors(const std::filesystem::path& path);
/// F32 and BF16 as they are, integers of one byte as U8; replaces the file.
void write_tensors(const std::filesystem::path& path, const Tensors& tensors);

}  // namespace wean::probe
