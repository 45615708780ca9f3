// The statistics of one self-attention call: block masses, removal errors and the masses of sampled rows.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "common/base/blocks.h"

namespace wean::extract {

/// One attention call, heads first. Float32 on one device.
struct StatisticsInput {
  at::Tensor q, k, v;        ///< [heads, tokens, head_dim]
  at::Tensor metric_factor;  ///< [heads, head_dim, head_dim]: L with L L^T the residual metric (residual_metric.h)
  BlockGeometry geometry;    ///< square blocks over the tokens
};

/// Sums over the valid rows of each query block, float64 on the input's device.
struct BlockStatistics {
  at::Tensor mass;        ///< [heads, rows, cols]: probability on key block v, summed over the rows of query block u
  at::Tensor error;       ///< [heads, rows, cols]: removal error of single key blocks
  at::Tensor error_wide;  ///< [heads, rows, ceil(cols / 2)]: removal error of pairs of key blocks
};

/// Row p, key block v, kept mass m_v and projected values V' = V L, o'_p = sum over q of A(p,q) V'_q:
///   error(p, v) = || sum over q in v of A(p,q) (V'_q - o'_p) ||^2 / (1 - m_v)^2,
/// the squared change of the renormalised output when v is dropped (METHOD 6.1). 1 - m_v is summed from the other
/// blocks; a block that holds all of a row's mass counts as the largest finite float. Works through
/// query blocks (side by side on a CPU); extra memory peaks at about `budget_bytes`, one query block of one head at the
/// least. On the CPU the result depends on neither the number of threads nor the budget.
[[nodiscard]] BlockStatistics block_statistics(const StatisticsInput& input, std::int64_t budget_bytes);

/// Probability of single query rows on each key block: [heads, tokens.size(), cols] float32.
[[nodiscard]] at::Tensor row_masses(const StatisticsInput& input, std::span<const std::uint32_t> tokens);

}  // namespace wean::extract
