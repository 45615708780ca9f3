#include "pack/paper.h"

#include <algorithm>

namespace wean::pack {
namespace {

/// Source blocks [first, last] that one target block touches along one axis.
struct Touch {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

std::vector<Touch> touched_by_tokens(std::int64_t tokens, std::int64_t from_block, std::int64_t to_block) {
  std::vector<Touch> touches;
  for (std::int64_t begin = 0; begin < tokens; begin += to_block) {
    touches.push_back({begin / from_block, (std::min(begin + to_block, tokens) - 1) / from_block});
  }
  return touches;
}

/// Neighbours of u * from / to with a positive weight; beyond the edge the last source block counts twice.
std::vector<Touch> touched_by_interpolation(std::int64_t from, std::int64_t to) {
  std::vector<Touch> touches;
  for (std::int64_t u = 0; u < to; ++u) {
    const std::int64_t first = u * from / to;
    const bool between = u * from % to != 0;
    touches.push_back({first, between ? std::min(first + 1, from - 1) : first});
  }
  return touches;
}

BitMap spread(const BitMap& source, std::int64_t source_cols, const std::vector<Touch>& rows,
              const std::vector<Touch>& cols) {
  BitMap out;
  out.reserve(rows.size() * cols.size());
  for (const Touch& row : rows) {
    for (const Touch& col : cols) {
      bool keep = false;
      for (std::int64_t u = row.first; u <= row.last && !keep; ++u) {
        const auto begin = source.begin() + u * source_cols;
        keep = std::any_of(begin + col.first, begin + col.last + 1, [](std::uint8_t bit) { return bit != 0; });
      }
      out.push_back(keep ? 1 : 0);
    }
  }
  return out;
}

}  // namespace

BitMap or_blocks(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to) {
  return spread(source, from.cols(), touched_by_tokens(from.q_tokens, from.q_block, to.q_block),
                touched_by_tokens(from.k_tokens, from.k_block, to.k_block));
}

BitMap ceil_bilinear(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to) {
  return spread(source, from.cols(), touched_by_interpolation(from.rows(), to.rows()),
                touched_by_interpolation(from.cols(), to.cols()));
}

BitMap paper_transfer(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to) {
  const BlockGeometry joined{from.q_tokens, from.k_tokens, to.q_block, to.k_block};
  return ceil_bilinear(or_blocks(source, from, joined), joined, to);
}

}  // namespace wean::pack
