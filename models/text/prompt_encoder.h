// Prompts to the embeddings that the transformer reads: cleaned, tokenised, encoded, zero-padded.
#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <memory>
#include <string>

#include "models/files/checkpoint.h"

namespace wean::models {

/// The tokenizer and text encoder of a checkpoint. Immutable; bit-equal results for any thread count.
class PromptEncoder {
 public:
  /// Throws kUsage with the checkpoint's own reason when it has no (readable) tokenizer or text encoder; else what the
  /// parts throw.
  PromptEncoder(const Checkpoint& checkpoint, c10::Device device, c10::ScalarType type);
  ~PromptEncoder();
  PromptEncoder(PromptEncoder&&) noexcept;
  PromptEncoder& operator=(PromptEncoder&&) noexcept;

  /// [text_len, d_model] on the device: the hidden states of the prompt's tokens, then zeros (the transformer attends
  /// to them without a mask). A prompt of more than text_len tokens is cut, its end token kept.
  [[nodiscard]] at::Tensor encode(const std::string& prompt) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace wean::models
