// Prompt embeddings made elsewhere, instead of a text encoder.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "models/files/tensor_set.h"

namespace wean::models {

/// A safetensors file with one tensor [rows, text_dim] for each prompt, rows at most text_len, named by the 64
/// hexadecimal digits of the SHA-256 of the prompt's bytes (as in the prompt file, without the line end). Runs with
/// guidance also need the negative prompt, which is the empty text unless another is given. models/text/README.md shows
/// how to make such a file.
class PromptEmbeddings {
 public:
  /// Throws kIo, kMalformed (names, shapes, types).
  PromptEmbeddings(const std::filesystem::path& path, std::int64_t text_len, std::int64_t text_dim);

  /// [text_len, text_dim], zero-padded. Throws kUsage naming the digest when the prompt is not there; kNotFinite.
  [[nodiscard]] at::Tensor find(const std::string& prompt, c10::Device device, c10::ScalarType type) const;

 private:
  std::shared_ptr<const TensorSet> set_;
  std::int64_t text_len_;
};

}  // namespace wean::models
