// What the files of a tokenizer folder hold, brought into one form. Internal to the tokenizer.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "models/files/model_root.h"
#include "models/text/unigram.h"

namespace wean::models {

/// A token that is found in the text before anything else; it may swallow white space beside it.
struct AddedToken {
  std::string text;
  std::int64_t id = -1;  ///< -1: the piece of that name, or the next free id
  bool strip_left = false;
  bool strip_right = false;
};

struct TokenizerFiles {
  std::string where;  ///< names the vocabulary file in messages
  std::vector<Piece> pieces;
  std::string chars_map;          ///< "precompiled_charsmap", may be empty
  std::vector<AddedToken> added;  ///< in the order in which free ids are given out; texts differ
  std::unordered_set<std::string> added_texts;
  std::string end_token = "</s>";
};

inline constexpr std::size_t kMaxAddedTokens = 100'000;

/// Appends an added token unless its text is empty or already there. Throws kMalformed with `where` when it is one too
/// many or longer than a piece may be.
void add_token(TokenizerFiles& out, AddedToken token, const std::string& where);

/// Reads `folder` of a model; see Tokenizer::open.
[[nodiscard]] TokenizerFiles read_tokenizer_files(const ModelRoot& root, const std::filesystem::path& folder);

/// The pieces, table and added tokens of a SentencePiece model (Protocol Buffers). Throws kMalformed with `where` when
/// it is cut off or breaks the encoding, kUsage when it is no unigram model.
void read_sentencepiece(std::string_view model, TokenizerFiles& out);

/// Decodes base64 (RFC 4648). Throws kMalformed with `where`.
[[nodiscard]] std::string from_base64(std::string_view text, const std::string& where);

}  // namespace wean::models
