// What cuda_plan writes: the order in which the tiles of a mask are worked on. Device memory, read by every kernel.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels {

/// One tile: a row of blocks of one head. Rows of a head stand together, heads by descending sum of kept blocks, rows
/// by descending kept blocks; equal ones stay in their order.
struct alignas(16) PlanItem {
  std::int32_t head;   ///< of the mask: batch * heads + head
  std::int32_t row;    ///< query block
  std::int32_t count;  ///< kept key blocks
  std::int32_t reserved;
};

inline constexpr int kPlanRows = 64;  ///< rows that one block counts

/// Where things are in a plan: the items, and what the plan's own kernels pass on.
struct PlanLayout {
  std::int64_t heads = 0;                            ///< of the mask, over its batch
  std::int64_t rows = 0, key_blocks = 0, words = 0;  ///< query blocks, key blocks, words of a row
  std::int64_t groups = 0;                           ///< of kPlanRows rows of a head
  std::size_t items = 0, counts = 0, totals = 0, bytes = 0;

  explicit PlanLayout(const CudaMask& mask) {
    const auto divide = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    const auto align = [](std::size_t n) { return (n + 255) / 256 * 256; };
    heads = mask.batch * mask.heads;
    rows = divide(mask.q_tokens, mask.q_block);
    key_blocks = divide(mask.k_tokens, mask.k_block);
    words = divide(key_blocks, 32);
    groups = divide(rows, kPlanRows);
    const auto tiles = static_cast<std::size_t>(heads * rows);
    counts = align(tiles * sizeof(PlanItem));
    totals = counts + align(tiles * sizeof(std::int32_t));
    bytes = totals + align(static_cast<std::size_t>(heads * groups) * sizeof(std::int64_t));
  }
};

}  // namespace wean::kernels
