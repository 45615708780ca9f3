#include "models/text/unigram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/base/error.h"

namespace wean::models {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score, as in SentencePiece
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
    : unknown_id_(unknown_id) {
  require(unknown_id >= 0 && unknown_id < static_cast<std::int64_t>(pieces.size()), ErrorCode::kMalformed, where, ": ",
          pieces.size(), " pieces, but the unknown piece has id ", unknown_id);
  double lowest = pieces.front().score;
  std::vector<PrefixIndex::Entry> entries;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const Piece& piece = pieces[id];
    require(std::isfinite(piece.score), ErrorCode::kMalformed, where, ": piece ", id, " has no finite score");
    require(piece.text.size() <= kLongestPiece, ErrorCode::kMalformed, where, ": piece ", id, " of ", piece.text.size(),
            " bytes; at most ", kLongestPiece, " are allowed");
    entries.emplace_back(piece.text, static_cast<std::int64_t>(id));
    scores_.push_back(piece.score);
    lowest = std::min(lowest, piece.score);
  }
  pieces_ = PrefixIndex(std::move(entries));
  unknown_score_ = lowest - kUnknownPenalty;
}

std::vector<Unigram::Best> Unigram::best_paths(std::string_view word) const {
  std::vector<Best> best(word.size() + 1);
  const auto offer = [&](std::size_t end, const Best& candidate) {
    if (best[end].start == kNoStart || candidate.score > best[end].score) best[end] = candidate;
  };
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t character = character_length(word, at);
    bool whole_character = false;
    pieces_.each_prefix(word.substr(at), [&](std::size_t length, std::int64_t id) {
      offer(at + length, {id, best[at].score + scores_[static_cast<std::size_t>(id)], at});
      whole_character = whole_character || length == character;
    });
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
