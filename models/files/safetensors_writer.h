// Writes small safetensors files (latents, embeddings, test outputs) in one canonical form: equal content, equal bytes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "models/files/dtype.h"

namespace wean::models {

/// A tensor to write; `bytes` is borrowed, little-endian, row-major, product(shape) * width of them.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Publishes the file atomically: tensors by name, header padded with spaces so that data begins at a multiple of 64
/// bytes. Throws kUsage for a tensor that the reader would refuse (its message) or when `path` exists and is to be
/// kept; kIo.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata, Overwrite overwrite);

}  // namespace wean::models
