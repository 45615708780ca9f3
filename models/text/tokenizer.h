// The T5 tokenizer as transformers runs it (AutoTokenizer on the folder): added tokens are split off first, the rest is
// normalised, cut at white space and segmented by a unigram language model.
//
// Own code instead of the sentencepiece library because the reference is another program, which differs from it: no
// byte fallback, unknown characters joined, other white space, another use of the normalisation table. Files are parsed
// as if hostile.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/files/model_root.h"

namespace wean::models {

/// Immutable; any number of threads may use it.
class Tokenizer {
 public:
  /// Reads `spiece.model` or `tokenizer.json` (transformers prefers the latter), with `tokenizer_config.json` and
  /// `special_tokens_map.json` for the added tokens. Throws kMalformed, kIo; kUsage for what is not a T5 unigram
  /// tokenizer.
  [[nodiscard]] static Tokenizer open(const std::filesystem::path& folder);
  /// `folder` inside a model: nothing in it may lead out of the model.
  [[nodiscard]] static Tokenizer open(const ModelRoot& root, const std::filesystem::path& folder);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Ids of UTF-8 text with the end token; at most `max_length` (1 or more) ids, the last of which is the end token.
  /// Takes time by the length of the text, hardly by the number of pieces and added tokens.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text, std::size_t max_length) const;

 private:
  struct Model;
  explicit Tokenizer(std::unique_ptr<Model> model);
  std::unique_ptr<Model> model_;
};

}  // namespace wean::models
