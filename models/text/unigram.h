// Segmentation by a unigram language model: the pieces with the largest sum of scores (Kudo 2018, arXiv 1804.10959).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/text/prefix_index.h"

namespace wean::models {

/// A vocabulary piece; its id is its place.
struct Piece {
  std::string text;
  double score = 0;
};

/// Most bytes of a piece or an added token: what bounds the time for each byte of text.
inline constexpr std::size_t kLongestPiece = 1024;

class Unigram {
 public:
  /// Throws kMalformed with `where` when there is no piece `unknown_id`, a score is not finite, or a piece is longer
  /// than kLongestPiece.
  Unigram(const std::vector<Piece>& pieces, std::int64_t unknown_id, const std::string& where);

  /// Appends the ids of `word` (UTF-8). Neighbouring characters without a piece become one unknown id. Of segmentations
  /// with the same sum the one found first from the left wins, as in the tokenizers library.
  void encode(std::string_view word, std::vector<std::int64_t>& ids) const;
  /// Id of a piece, -1 when there is none.
  [[nodiscard]] std::int64_t find(std::string_view piece) const { return pieces_.find(piece); }
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(scores_.size()); }

 private:
  struct Best;
  [[nodiscard]] std::vector<Best> best_paths(std::string_view word) const;
  PrefixIndex pieces_;
  std::vector<double> scores_;  // by id
  std::int64_t unknown_id_ = 0;
  double unknown_score_ = 0;
};

}  // namespace wean::models
