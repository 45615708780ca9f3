// Block geometry: how tokens fall into query and key blocks, ragged tails included. Header-only: kernels use it too.
#pragma once
#include <algorithm>
#include <cstdint>

#include "common/base/checked.h"

namespace wean {

/// Query blocks of `q_block` tokens (rows u) against key blocks of `k_block` tokens (columns v); the last may be
/// ragged.
struct BlockGeometry {
  std::int64_t q_tokens = 0;
  std::int64_t k_tokens = 0;
  std::int64_t q_block = 0;
  std::int64_t k_block = 0;

  [[nodiscard]] constexpr std::int64_t rows() const noexcept { return ceil_div(q_tokens, q_block); }
  [[nodiscard]] constexpr std::int64_t cols() const noexcept { return ceil_div(k_tokens, k_block); }
  [[nodiscard]] constexpr std::int64_t pairs() const noexcept { return rows() * cols(); }
  /// Valid tokens of query block u, and of key block v.
  [[nodiscard]] constexpr std::int64_t row_size(std::int64_t u) const noexcept {
    return std::min(q_block, q_tokens - u * q_block);
  }
  [[nodiscard]] constexpr std::int64_t col_size(std::int64_t v) const noexcept {
    return std::min(k_block, k_tokens - v * k_block);
  }
  /// Work of a pair: valid rows x valid columns. Density is kept work over total work.
  [[nodiscard]] constexpr std::int64_t work(std::int64_t u, std::int64_t v) const noexcept {
    return row_size(u) * col_size(v);
  }
  [[nodiscard]] constexpr std::int64_t total_work() const noexcept { return q_tokens * k_tokens; }
  /// 32-bit words that hold one mask row; bit v % 32 of word v / 32 is column v.
  [[nodiscard]] constexpr std::int64_t words() const noexcept { return ceil_div(cols(), std::int64_t{32}); }
  bool operator==(const BlockGeometry&) const = default;
};

/// The same tokens on both sides in square blocks, as a profile has them.
[[nodiscard]] constexpr BlockGeometry square_blocks(std::int64_t tokens, std::int64_t block) noexcept {
  return {tokens, tokens, block, block};
}

}  // namespace wean
