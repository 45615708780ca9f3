// How a plan is cut: from a score per block pair and a share of work to the set of kept pairs. One pure function, used
// by wean-calibrate at the base geometry and by wean-pack at the target geometry. Normative: schemas/plan.md, "How a
// plan is cut".
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "schemas/plan/plan.h"

namespace wean {

/// What a cut depends on besides the scores and the share of work.
struct CutRules {
  BlockGeometry geometry;
  CutScope scope = CutScope::kMap;
  bool smaller_first = false;  ///< thresholds: a smaller score is kept first
  double row_floor = 0.0;      ///< least share of pairs in every query row; a row always keeps at least one pair
  bool keep_diagonal = false;  ///< pairs whose query and key block share a token position are always kept
};

/// All pairs (index u * cols + v) from the first to be kept to the last. Every cut of a site is a prefix of this
/// order, so cuts at growing shares are nested. The first `forced` pairs (diagonal and row floor) belong to all.
struct CutOrder {
  std::vector<std::uint32_t> pairs;
  std::size_t forced = 0;
};

/// Ranking value of each pair of one head's statistic [rows, cols]: the statistic over the pair's work, so that ragged
/// blocks compare with whole ones and the order is greedy for the work spent. Block mass becomes the mean probability
/// of the block's entries (METHOD.md section 1). Thresholds are ranked as they are.
[[nodiscard]] std::vector<float> ranking_values(const BlockGeometry& geometry, std::span<const float> statistic);

/// Ranks the pairs of one head. `score` and `tie` are [rows, cols]; equal scores fall back on the larger `tie`, then on
/// the smaller index; an empty `tie` means index only. Throws kNotFinite on NaN or infinity, kUsage on wrong sizes or
/// on a row_floor outside [0, 1].
[[nodiscard]] CutOrder cut_order(const CutRules& rules, std::span<const float> score, std::span<const float> tie);

/// Number of leading pairs of `order` to keep for the share `keep` of the work: the prefix, at least the forced pairs,
/// whose work is nearest to keep * total work (of two equally near ones the longer). So the realised share is within
/// half a pair of `keep` unless the forced pairs alone exceed it.
[[nodiscard]] std::size_t cut_length(const BlockGeometry& geometry, const CutOrder& order, double keep);

/// cut_length() of each of `keeps`, which must not fall, in one pass.
[[nodiscard]] std::vector<std::size_t> cut_lengths(const BlockGeometry& geometry, const CutOrder& order,
                                                   std::span<const double> keeps);

/// Kept work over total work of the first `length` pairs.
[[nodiscard]] double cut_density(const BlockGeometry& geometry, const CutOrder& order, std::size_t length);

/// cut_order and cut_length in one: [rows, cols], 1 = keep.
[[nodiscard]] std::vector<std::uint8_t> cut(const CutRules& rules, double keep, std::span<const float> score,
                                            std::span<const float> tie);

}  // namespace wean
