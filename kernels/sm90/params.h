// What the Hopper kernel is launched with.
#pragma once
#include <cuda.h>

#include <cstdint>

#include "kernels/cuda/plan.h"

namespace wean::kernels::sm90 {

/// In the caller's workspace; zero between runs, which the last block to end restores.
struct Workspace {
  std::uint32_t next;   ///< tiles handed out, beyond the first of each block
  std::uint32_t ended;  ///< blocks that will ask for no more
};

/// Passed by value in constant memory. Tensor maps see [batch][head][token][dim].
struct KernelParams {
  CUtensorMap q, k, v, o;
  const std::uint32_t* bits;
  const PlanItem* items;
  Workspace* workspace;
  float* log_sum_exp;       ///< or null
  std::uint32_t* watchdog;  ///< 8 words of host memory for the report of a kernel compiled with the watchdog, or null
  std::uint32_t mask_tiles, tiles;  ///< of the mask; of the run: mask_tiles times the batch entries that share it
  std::int32_t heads, rows, key_blocks, words;
  std::int32_t mask_batch;
  std::int32_t q_tokens, k_tokens;
  float scale_log2;  ///< scale / ln 2
};

}  // namespace wean::kernels::sm90
