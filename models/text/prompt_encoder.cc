#include "models/text/prompt_encoder.h"

#include <ATen/ATen.h>

#include "common/base/error.h"
#include "models/files/weights.h"
#include "models/text/clean.h"
#include "models/text/tokenizer.h"
#include "models/text/umt5.h"

namespace wean::models {

struct PromptEncoder::Parts {
  Tokenizer tokenizer;
  Umt5Encoder encoder;
  std::int64_t text_len;
};

PromptEncoder::PromptEncoder(const Checkpoint& checkpoint, c10::Device device, c10::ScalarType type) {
  require(checkpoint.text_encoder.has_value(), ErrorCode::kUsage, checkpoint.missing_text_encoder);
  require(checkpoint.tokenizer.has_value(), ErrorCode::kUsage, checkpoint.missing_tokenizer);
  const TransformerConfig& transformer = checkpoint.transformer.config;
  const TextEncoderConfig& config = checkpoint.text_encoder->config;
  require(config.d_model == transformer.text_dim, ErrorCode::kMalformed, checkpoint.path.string(),
          ": the text encoder gives rows of ", config.d_model, ", but the transformer reads rows of ",
          transformer.text_dim);
  Weights weights(checkpoint.text_encoder->tensors, device, type);
  Umt5Encoder encoder(config, weights);
  weights.require_all_taken();
  parts_ = std::make_unique<Parts>(Parts{Tokenizer::open(checkpoint.tokenizer->root, checkpoint.tokenizer->folder),
                                         std::move(encoder), transformer.text_len});
}

PromptEncoder::~PromptEncoder() = default;
PromptEncoder::PromptEncoder(PromptEncoder&&) noexcept = default;
PromptEncoder& PromptEncoder::operator=(PromptEncoder&&) noexcept = default;

at::Tensor PromptEncoder::encode(const std::string& prompt) const {
  const auto ids = parts_->tokenizer.encode(clean_prompt(prompt), static_cast<std::size_t>(parts_->text_len));
  const at::Tensor states = parts_->encoder.encode(ids);
  return at::constant_pad_nd(states, {0, 0, 0, parts_->text_len - states.size(0)});
}

}  // namespace wean::models
