// Carrying scores (never bits) from the profile's blocks to the target's: another block size, another grid, or both.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "pack/overlap.h"

namespace wean::pack {

/// How a score behaves when blocks are split or joined.
enum class Carry : std::uint8_t {
  kSum,   ///< a sum over the pair's tokens (mass, removal error): split by shared tokens, joined by adding
  kMean,  ///< a level of the pair (threshold): mean over the pair's tokens
};

/// Carries maps [rows, cols] of one source blocking to the target's. Immutable, safe to share between threads.
class Retarget {
 public:
  /// `key_block`: tokens of a source key block (the profile's base block, or twice it for wide removal errors).
  Retarget(const Tiling& source, std::int64_t key_block, const Grid& target_grid, const BlockGeometry& target);

  /// With W_q, W_k [target blocks, source blocks] from overlap_volumes: W_q S W_k^T. For kSum a source pair's score is
  /// spread evenly over its token pairs, W_k = volume / size(v) and W_q = volume / size(u) * target tokens / source
  /// tokens, so that key mass is conserved and a row whose sum was its valid rows keeps that property. For kMean both
  /// matrices are volumes divided by their row sums. Same blocks and grid: the scores themselves, bit for bit.
  /// `source` has source_pairs() values; returns [target rows, target cols].
  [[nodiscard]] std::vector<float> apply(std::span<const float> source, Carry carry) const;
  [[nodiscard]] std::int64_t source_pairs() const noexcept { return source_rows_ * source_cols_; }

 private:
  struct Side {
    BlockWeights sum, mean;
  };
  static Side make_side(const Tiling& source, const Tiling& target, double scale);
  std::int64_t source_rows_, source_cols_;
  Side queries_, keys_;
};

}  // namespace wean::pack
