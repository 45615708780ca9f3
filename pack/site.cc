#include "pack/site.h"

#include <algorithm>

#include "schemas/plan/cut.h"
#include "schemas/plan/scores.h"

namespace wean::pack {
namespace {

bool kept(const HeadMask& mask, const BlockGeometry& geometry, std::int64_t u, std::int64_t v) {
  const std::uint32_t word = mask.bits[static_cast<std::size_t>(u * geometry.words() + v / 32)];
  return ((word >> (v % 32)) & 1U) != 0;
}

double density_of(const BlockGeometry& geometry, const BitMap& bits) {
  std::int64_t work = 0;
  std::size_t pair = 0;
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v, ++pair) work += bits[pair] != 0 ? geometry.work(u, v) : 0;
  }
  return static_cast<double>(work) / static_cast<double>(geometry.total_work());
}

BitMap cut_at(const SiteRules& rules, const BlockGeometry& geometry, const PlanRow& row, const Ranking& ranking) {
  const CutRules cut_rules{geometry, row.scope, ranking.smaller_first, rules.row_floor, rules.keep_diagonal};
  return cut(cut_rules, row.keep, ranking.score, ranking.tie);
}

}  // namespace

const char* to_string(Transfer transfer) noexcept { return transfer == Transfer::kScores ? "scores" : "paper"; }

HeadMask encode_bits(const BlockGeometry& geometry, const BitMap& kept_pairs) {
  HeadMask mask;
  mask.dense = std::all_of(kept_pairs.begin(), kept_pairs.end(), [](std::uint8_t bit) { return bit != 0; });
  if (mask.dense) return mask;
  mask.bits.resize(static_cast<std::size_t>(geometry.rows() * geometry.words()));
  std::size_t pair = 0;
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v, ++pair) {
      const std::uint32_t bit = kept_pairs[pair] != 0 ? 1U << (v % 32) : 0U;
      mask.bits[static_cast<std::size_t>(u * geometry.words() + v / 32)] |= bit;
    }
  }
  return mask;
}

double recall_of(const BlockGeometry& target, const HeadMask& mask, std::span<const float> carried) {
  if (mask.dense) return 1;
  double inside = 0, total = 0;
  std::size_t pair = 0;
  for (std::int64_t u = 0; u < target.rows(); ++u) {
    for (std::int64_t v = 0; v < target.cols(); ++v, ++pair) {
      const auto value = static_cast<double>(carried[pair]);
      total += value;
      inside += kept(mask, target, u, v) ? value : 0;
    }
  }
  return total > 0 ? inside / total : 1;
}

SiteMask cut_site(const SiteRules& rules, const Carrier& carrier, const PlanRow& row,
                  const SectionStatistics& statistics) {
  if (row.rule == Rule::kDense) return {};
  const auto mass = statistics.of(Score::kMass, row.head);
  const std::vector<float> carried = carrier.carry(Score::kMass, mass);
  const auto statistic = statistics.of(row.score, row.head);
  BitMap bits;
  if (rules.transfer == Transfer::kPaper) {
    const BitMap base = cut_at(rules, rules.source, row, ranking_of(row.score, rules.source, statistic, mass));
    bits = paper_transfer(base, rules.source, rules.target);
  } else {
    const auto ranking = ranking_of(row.score, rules.target, carrier.carry(row.score, statistic), carried);
    bits = cut_at(rules, rules.target, row, ranking);
  }
  SiteMask site{encode_bits(rules.target, bits), density_of(rules.target, bits), 1};
  site.recall = recall_of(rules.target, site.mask, carried);
  return site;
}

}  // namespace wean::pack
