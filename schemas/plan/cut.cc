#include "schemas/plan/cut.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/base/error.h"

namespace wean {
namespace {

/// What orders one pair; smaller tuples are kept earlier.
struct Entry {
  std::uint32_t early = 0;  // 0 = forced, then the rank inside the row (row scope) or 1 (map scope)
  std::uint32_t score = 0;
  std::uint32_t tie = 0;
  std::uint32_t pair = 0;
  auto operator<=>(const Entry&) const = default;
};

/// An unsigned integer that orders like the float; adding zero merges -0 with +0.
std::uint32_t ordered_bits(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0F);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

void check_map(const BlockGeometry& geometry, std::span<const float> map, const char* what) {
  require(map.size() == static_cast<std::size_t>(geometry.pairs()), ErrorCode::kUsage, "cut: ", what, " has ",
          map.size(), " values, expected ", geometry.rows(), " x ", geometry.cols());
  const auto bad = std::find_if(map.begin(), map.end(), [](float value) { return !std::isfinite(value); });
  require(bad == map.end(), ErrorCode::kNotFinite, "cut: ", what, " of pair ", bad - map.begin(), " is not finite");
}

bool on_diagonal(const BlockGeometry& g, std::int64_t u, std::int64_t v) noexcept {
  return u * g.q_block < v * g.k_block + g.col_size(v) && v * g.k_block < u * g.q_block + g.row_size(u);
}

/// Pairs that every row keeps at least. The slack absorbs products such as .1 * 30 that round to just above 3.
std::int64_t floor_pairs(const CutRules& rules) {
  const auto cols = static_cast<double>(rules.geometry.cols());
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(rules.row_floor * cols - 1e-9)));
}

/// Sorts one row's entries, diagonal first when it is kept, and sets `early` from the rank. Returns the forced count.
std::size_t rank_row(const CutRules& rules, std::int64_t u, std::span<Entry> row) {
  const auto cols = rules.geometry.cols();
  for (auto& entry : row)
    entry.early = rules.keep_diagonal && on_diagonal(rules.geometry, u, entry.pair % cols) ? 0 : 1;
  std::sort(row.begin(), row.end());
  const auto floor = floor_pairs(rules);
  std::size_t forced = 0;
  for (std::size_t rank = 0; rank < row.size(); ++rank) {
    const bool is_forced = row[rank].early == 0 || static_cast<std::int64_t>(rank) < floor;
    forced += is_forced ? 1 : 0;
    const auto later = rules.scope == CutScope::kRow ? static_cast<std::uint32_t>(rank) + 1 : 1U;
    row[rank].early = is_forced ? 0 : later;
  }
  return forced;
}

}  // namespace

std::vector<float> ranking_values(const BlockGeometry& geometry, std::span<const float> statistic) {
  require(statistic.size() == static_cast<std::size_t>(geometry.pairs()), ErrorCode::kUsage, "cut: statistic has ",
          statistic.size(), " values, expected ", geometry.rows(), " x ", geometry.cols());
  std::vector<float> values(statistic.size());
  std::size_t pair = 0;
  for (std::int64_t u = 0; u < geometry.rows(); ++u)
    for (std::int64_t v = 0; v < geometry.cols(); ++v, ++pair)
      values[pair] =
          static_cast<float>(static_cast<double>(statistic[pair]) / static_cast<double>(geometry.work(u, v)));
  return values;
}

CutOrder cut_order(const CutRules& rules, std::span<const float> score, std::span<const float> tie) {
  require(rules.row_floor >= 0.0 && rules.row_floor <= 1.0, ErrorCode::kUsage, "cut: row floor ", rules.row_floor,
          " is not in [0, 1]");
  require(rules.geometry.pairs() <= std::int64_t{UINT32_MAX}, ErrorCode::kUsage, "cut: ", rules.geometry.pairs(),
          " pairs; at most 2^32 - 1 are allowed");
  check_map(rules.geometry, score, "score");
  if (!tie.empty()) check_map(rules.geometry, tie, "tie value");
  std::vector<Entry> entries(score.size());
  for (std::size_t pair = 0; pair < score.size(); ++pair) {
    const auto bits = ordered_bits(score[pair]);
    entries[pair] = {0, rules.smaller_first ? bits : ~bits, tie.empty() ? 0U : ~ordered_bits(tie[pair]),
                     static_cast<std::uint32_t>(pair)};
  }
  CutOrder order;
  const auto cols = static_cast<std::size_t>(rules.geometry.cols());
  for (std::int64_t u = 0; u < rules.geometry.rows(); ++u)
    order.forced += rank_row(rules, u, std::span(entries).subspan(static_cast<std::size_t>(u) * cols, cols));
  std::sort(entries.begin(), entries.end());
  order.pairs.reserve(entries.size());
  for (const auto& entry : entries) order.pairs.push_back(entry.pair);
  return order;
}

std::vector<std::size_t> cut_lengths(const BlockGeometry& geometry, const CutOrder& order,
                                     std::span<const double> keeps) {
  const auto total = static_cast<double>(geometry.total_work());
  const auto cols = static_cast<std::uint32_t>(geometry.cols());
  std::vector<std::size_t> lengths;
  lengths.reserve(keeps.size());
  std::int64_t work = 0;
  std::size_t length = 0;
  for (const double keep : keeps) {
    const double wanted = keep * total;
    for (; length < order.pairs.size(); ++length) {
      const auto pair = order.pairs[length];
      const auto next = work + geometry.work(pair / cols, pair % cols);
      const bool next_is_farther = static_cast<double>(next) - wanted > wanted - static_cast<double>(work);
      if (length >= order.forced && next_is_farther) break;
      work = next;
    }
    lengths.push_back(length);
  }
  return lengths;
}

std::size_t cut_length(const BlockGeometry& geometry, const CutOrder& order, double keep) {
  return cut_lengths(geometry, order, std::span(&keep, 1)).front();
}

double cut_density(const BlockGeometry& geometry, const CutOrder& order, std::size_t length) {
  const auto cols = static_cast<std::uint32_t>(geometry.cols());
  std::int64_t work = 0;
  for (std::size_t i = 0; i < length; ++i) work += geometry.work(order.pairs[i] / cols, order.pairs[i] % cols);
  return static_cast<double>(work) / static_cast<double>(geometry.total_work());
}

std::vector<std::uint8_t> cut(const CutRules& rules, double keep, std::span<const float> score,
                              std::span<const float> tie) {
  const auto order = cut_order(rules, score, tie);
  const auto length = cut_length(rules.geometry, order, keep);
  std::vector<std::uint8_t> kept(score.size(), 0);
  for (std::size_t i = 0; i < length; ++i) kept[order.pairs[i]] = 1;
  return kept;
}

}  // namespace wean
