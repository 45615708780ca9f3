#include "pack/retarget.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace wean::pack {
namespace {

using Index = std::size_t;

/// Removal errors of pairs that must not be dropped are the largest float; sums of them stay there.
constexpr double kLargest = std::numeric_limits<float>::max();

BlockWeights divide_by_columns(BlockWeights weights, const Tiling& source, double scale) {
  for (Index i = 0; i < weights.weight.size(); ++i) {
    weights.weight[i] = weights.weight[i] / static_cast<double>(source.size(weights.column[i])) * scale;
  }
  return weights;
}

BlockWeights divide_by_rows(BlockWeights weights) {
  for (Index row = 0; row + 1 < weights.begin.size(); ++row) {
    const auto first = weights.weight.begin() + weights.begin[row];
    const auto last = weights.weight.begin() + weights.begin[row + 1];
    const double total = std::accumulate(first, last, 0.0);
    for (auto it = first; it != last; ++it) *it /= total;
  }
  return weights;
}

/// out[rows, V] = source[rows, cols] * keys^T.
std::vector<double> gather_keys(std::span<const float> source, std::int64_t cols, const BlockWeights& keys) {
  const auto rows = static_cast<Index>(static_cast<std::int64_t>(source.size()) / cols);
  const auto width = static_cast<Index>(keys.rows());
  std::vector<double> out(rows * width);
  for (Index u = 0; u < rows; ++u) {
    const float* from = source.data() + u * static_cast<Index>(cols);
    for (Index v = 0; v < width; ++v) {
      double sum = 0;
      for (auto i = static_cast<Index>(keys.begin[v]); i < static_cast<Index>(keys.begin[v + 1]); ++i) {
        sum += keys.weight[i] * static_cast<double>(from[keys.column[i]]);
      }
      out[u * width + v] = sum;
    }
  }
  return out;
}

/// out[U, width] = queries * source[u, width].
std::vector<float> gather_queries(const std::vector<double>& source, Index width, const BlockWeights& queries) {
  const auto rows = static_cast<Index>(queries.rows());
  std::vector<float> out(rows * width);
  std::vector<double> sum(width);
  for (Index u = 0; u < rows; ++u) {
    sum.assign(width, 0.0);
    for (auto i = static_cast<Index>(queries.begin[u]); i < static_cast<Index>(queries.begin[u + 1]); ++i) {
      const double* from = source.data() + static_cast<Index>(queries.column[i]) * width;
      for (Index v = 0; v < width; ++v) sum[v] += queries.weight[i] * from[v];
    }
    for (Index v = 0; v < width; ++v) out[u * width + v] = static_cast<float>(std::min(sum[v], kLargest));
  }
  return out;
}

}  // namespace

Retarget::Side Retarget::make_side(const Tiling& source, const Tiling& target, double scale) {
  const BlockWeights volumes = overlap_volumes(source, target);
  return {divide_by_columns(volumes, source, scale), divide_by_rows(volumes)};
}

Retarget::Retarget(const Tiling& source, std::int64_t key_block, const Grid& target_grid, const BlockGeometry& target)
    : source_rows_(source.count()),
      source_cols_(Tiling{source.grid, key_block}.count()),
      queries_(make_side(source, {target_grid, target.q_block},
                         static_cast<double>(target_grid.tokens()) / static_cast<double>(source.grid.tokens()))),
      keys_(make_side({source.grid, key_block}, {target_grid, target.k_block}, 1.0)) {}

std::vector<float> Retarget::apply(std::span<const float> source, Carry carry) const {
  const bool sum = carry == Carry::kSum;
  const BlockWeights& keys = sum ? keys_.sum : keys_.mean;
  return gather_queries(gather_keys(source, source_cols_, keys), static_cast<Index>(keys.rows()),
                        sum ? queries_.sum : queries_.mean);
}

}  // namespace wean::pack
