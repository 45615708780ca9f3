#include "extract/west.h"

#include <algorithm>
#include <numeric>

namespace wean::extract {
namespace {

/// Ranks `values` (one candidate set) and writes rank / count to `out`.
void rank_set(std::span<const float> values, std::span<float> out, std::vector<std::uint32_t>& order) {
  order.resize(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return values[a] != values[b] ? values[a] > values[b] : a < b; });
  const auto count = static_cast<double>(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) out[order[i]] = static_cast<float>(static_cast<double>(i + 1) / count);
}

}  // namespace

std::vector<float> rank_fractions(std::span<const float> mass, const BlockGeometry& geometry, TopkScope scope) {
  std::vector<float> out(mass.size());
  std::vector<std::uint32_t> order;
  const auto cols = static_cast<std::size_t>(geometry.cols());
  if (scope == TopkScope::kRow) {
    for (std::size_t begin = 0; begin < mass.size(); begin += cols) {
      rank_set(mass.subspan(begin, cols), std::span(out).subspan(begin, cols), order);
    }
    return out;
  }
  std::vector<float> mean(mass.begin(), mass.end());
  for (std::size_t i = 0; i < mean.size(); ++i)
    mean[i] /= static_cast<float>(geometry.row_size(static_cast<std::int64_t>(i / cols)));
  rank_set(mean, out, order);
  return out;
}

}  // namespace wean::extract
