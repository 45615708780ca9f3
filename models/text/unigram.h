// Segmentation by a unigram language model: the pieces with the largest sum of scores (Kudo 2018, arXiv 1804.10959).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace wean::models {

/// A vocabulary piece; its id is its place.
struct Piece {
  std::string text;
  double score = 0;
};

class Unigram {
 public:
  /// Throws kMalformed with `where` when there is no piece `unknown_id`, a score is not finite, or a piece is longer
  /// than 1,024 bytes.
  Unigram(const std::vector<Piece>& pieces, std::int64_t unknown_id, const std::string& where);

  /// Appends the ids of `word` (UTF-8). Neighbouring characters without a piece become one unknown id. Of segmentations
  /// with the same sum the one found first from the left wins, as in the tokenizers library.
  void encode(std::string_view word, std::vector<std::int64_t>& ids) const;
  /// Id of a piece, -1 when there is none.
  [[nodiscard]] std::int64_t find(const std::string& piece) const;
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

 private:
  struct Entry {
    std::int64_t id;
    double score;
  };
  struct Best;
  [[nodiscard]] std::vector<Best> best_paths(std::string_view word) const;
  std::unordered_map<std::string, Entry> pieces_;
  std::int64_t size_ = 0;
  std::int64_t unknown_id_ = 0;
  double unknown_score_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace wean::models
