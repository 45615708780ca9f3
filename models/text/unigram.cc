#include "models/text/unigram.h"

#include <algorithm>
#include <cmath>

#include "common/base/error.h"

namespace wean::models {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score, as in SentencePiece
constexpr std::size_t kLongestPiece = 1024;
constexpr std::size_t kNoStart = static_cast<std::size_t>(-1);

std::size_t character_length(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return end - at;
}

}  // namespace

/// The best segmentation that ends at a byte.
struct Unigram::Best {
  std::int64_t id = 0;
  double score = 0;
  std::size_t start = kNoStart;
};

Unigram::Unigram(const std::vector<Piece>& pieces, std::int64_t unknown_id, const std::string& where)
    : size_(static_cast<std::int64_t>(pieces.size())), unknown_id_(unknown_id) {
  require(unknown_id >= 0 && unknown_id < size_, ErrorCode::kMalformed, where, ": ", size_,
          " pieces, but the unknown piece has id ", unknown_id);
  double lowest = pieces.front().score;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const Piece& piece = pieces[id];
    require(std::isfinite(piece.score), ErrorCode::kMalformed, where, ": piece ", id, " has no finite score");
    require(piece.text.size() <= kLongestPiece, ErrorCode::kMalformed, where, ": piece ", id, " of ", piece.text.size(),
            " bytes; at most ", kLongestPiece, " are allowed");
    pieces_.insert_or_assign(piece.text, Entry{static_cast<std::int64_t>(id), piece.score});
    lowest = std::min(lowest, piece.score);
    longest_ = std::max(longest_, piece.text.size());
  }
  unknown_score_ = lowest - kUnknownPenalty;
}

std::int64_t Unigram::find(const std::string& piece) const {
  const auto found = pieces_.find(piece);
  return found == pieces_.end() ? -1 : found->second.id;
}

std::vector<Unigram::Best> Unigram::best_paths(std::string_view word) const {
  std::vector<Best> best(word.size() + 1);
  const auto offer = [&](std::size_t end, const Best& candidate) {
    if (best[end].start == kNoStart || candidate.score > best[end].score) best[end] = candidate;
  };
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t character = character_length(word, at);
    bool whole_character = false;
    for (std::size_t length = 1; length <= std::min(longest_, word.size() - at); ++length) {
      const auto piece = pieces_.find(std::string(word.substr(at, length)));
      if (piece == pieces_.end()) continue;
      offer(at + length, {piece->second.id, best[at].score + piece->second.score, at});
      whole_character = whole_character || length == character;
    }
    if (!whole_character) offer(at + character, {unknown_id_, best[at].score + unknown_score_, at});
    at += character;
  }
  return best;
}

void Unigram::encode(std::string_view word, std::vector<std::int64_t>& ids) const {
  const std::vector<Best> best = best_paths(word);
  const std::size_t begin = ids.size();
  bool in_unknown = false;
  for (std::size_t end = word.size(); end > 0; end = best[end].start) {
    const bool unknown = best[end].id == unknown_id_;
    if (!unknown || !in_unknown) ids.push_back(best[end].id);
    in_unknown = unknown;
  }
  std::reverse(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end());
}

}  // namespace wean::models
