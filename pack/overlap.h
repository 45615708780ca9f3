// How much of every source block lies inside every target block when both token grids span the same clip.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/vocabulary.h"

namespace wean::pack {

/// Blocks of `block` consecutive tokens of `grid`; the last may be ragged.
struct Tiling {
  Grid grid;
  std::int64_t block = 0;
  [[nodiscard]] std::int64_t count() const noexcept;
  /// Valid tokens of block `index`.
  [[nodiscard]] std::int64_t size(std::int64_t index) const noexcept;
  bool operator==(const Tiling&) const = default;
};

/// A sparse matrix by rows: target blocks x source blocks. Entries of a row have ascending columns.
struct BlockWeights {
  std::vector<std::int64_t> begin;   ///< [rows + 1]
  std::vector<std::int64_t> column;  ///< [entries]
  std::vector<double> weight;        ///< [entries], > 0
  [[nodiscard]] std::int64_t rows() const noexcept { return static_cast<std::int64_t>(begin.size()) - 1; }
};

/// volume(U, u): source tokens of block u that lie inside target block U, in source tokens. Both grids are stretched
/// over the same (t, h, w) box, so a target token covers src/dst source tokens along each axis: its centre is
/// (i + .5) * src/dst - .5 in source coordinates and parts of tokens count as such. Every source token is given away
/// exactly once: the sum over U is size(u), the sum over u is size(U) * source tokens / target tokens. Exact: volumes
/// are integers over the product of the target's axes.
[[nodiscard]] BlockWeights overlap_volumes(const Tiling& source, const Tiling& target);

}  // namespace wean::pack
