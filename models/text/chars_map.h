// The normalisation table of a SentencePiece model, applied as the tokenizers library does: grapheme by grapheme.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wean::models {

/// A double-array trie of UTF-8 strings and the strings that they become ("precompiled_charsmap").
class CharsMap {
 public:
  /// No table: nothing changes.
  CharsMap() = default;
  /// Throws kMalformed with `where` when the sizes in `blob` do not fit. The trie itself is checked while it is walked.
  CharsMap(std::string_view blob, const std::string& where);

  [[nodiscard]] std::string normalize(std::string_view text) const;

 private:
  /// What the shortest known beginning of `chunk` becomes; the reference lets it stand for the whole chunk.
  [[nodiscard]] std::optional<std::string_view> look_up(std::string_view chunk) const noexcept;
  std::vector<std::uint32_t> units_;
  std::string normalized_;  ///< NUL-terminated strings
};

}  // namespace wean::models
