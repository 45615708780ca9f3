// From a profile's statistics to the values that cut_order() ranks by, for every Score of a plan. Pure; shared by
// wean-calibrate and wean-pack. Normative: schemas/plan.md, "How a plan is cut".
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "schemas/plan/plan.h"

namespace wean {

/// What ranks the pairs of one head: arguments of cut_order().
struct Ranking {
  std::vector<float> score;  ///< [rows, cols]
  std::vector<float> tie;    ///< [rows, cols], or empty
  bool smaller_first = false;
};

/// Ranking of one head, all arrays [rows, cols] of `geometry`. `statistic` is the array that `score` names: mass,
/// pooled mass, threshold or removal error (sums over prompts or means alike: only the order matters). `mass` is the
/// block mass of the same phase and breaks ties; it may be empty for kMass and kMassPooled, which need none.
/// Throws kUsage on wrong sizes.
[[nodiscard]] Ranking ranking_of(Score score, const BlockGeometry& geometry, std::span<const float> statistic,
                                 std::span<const float> mass);

/// Pools block mass over the profile's phases for Score::kMassPooled: sum of steps * mass over sum of steps, added in
/// ascending phase order in double, rounded to float once. Steps are the profile's (Phase::steps), not the plan's.
class MassPool {
 public:
  /// Adds the mass of one phase; every call must bring the same number of values.
  void add(std::span<const float> mass, std::uint32_t steps);
  /// Empty when nothing was added.
  [[nodiscard]] std::vector<float> mean() const;

 private:
  std::vector<double> sum_;
  double steps_ = 0;
};

}  // namespace wean
