#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "calibrate/calibrate.h"

namespace wean::calibrate {
namespace {

/// Means of the decisions that fall into one slice, phases weighted by their steps.
class MeanOfSlice {
 public:
  void add(const CurvePoint& point, double weight) {
    weight_ += weight;
    sum_.keep += weight * point.keep;
    sum_.fidelity += weight * point.fidelity;
    sum_.kept_mass += weight * point.kept_mass;
    sum_.error += weight * point.error;
  }
  [[nodiscard]] CurvePoint mean() const {
    return {sum_.keep / weight_, sum_.fidelity / weight_, sum_.kept_mass / weight_, sum_.error / weight_};
  }
  [[nodiscard]] bool empty() const { return weight_ <= 0.0; }

 private:
  CurvePoint sum_{0.0, 0.0, 0.0, 0.0};
  double weight_ = 0.0;
};

using SliceKey = std::pair<std::optional<std::uint32_t>, std::optional<std::uint32_t>>;

template <typename KeyOf>
std::vector<Slice> slices(const Allocation& allocation, const KeyOf& key_of) {
  std::map<SliceKey, MeanOfSlice> sums;
  for (const auto& decision : allocation.decisions)
    sums[key_of(decision)].add(decision.point, allocation.phases[decision.phase].steps);
  std::vector<Slice> result;
  for (const auto& [key, sum] : sums)
    if (!sum.empty()) result.push_back({key.first, key.second, sum.mean()});
  return result;
}

/// Dense sites meet any target; what the others leave over says how near the plan is to its targets.
std::optional<double> least_margin(const Allocation& allocation) {
  std::optional<double> least;
  for (const auto& decision : allocation.decisions) {
    if (decision.target <= 0.0 || decision.point.keep >= 1.0) continue;
    const double margin = decision.point.fidelity - decision.target;
    least = std::min(least.value_or(margin), margin);
  }
  return least;
}

}  // namespace

Summary summarise(const Context& context, const std::string& method, double asked, const Allocation& allocation) {
  Summary summary;
  summary.method = method;
  summary.asked = asked;
  summary.schedule = context.steps.schedule;
  summary.phases = allocation.phases;
  summary.facts = allocation.facts;
  summary.row_floor = allocation.row_floor;
  summary.keep_diagonal = allocation.keep_diagonal;
  summary.mean = allocation.mean;
  summary.sites = allocation.decisions.size();
  summary.dense_sites =
      static_cast<std::size_t>(std::count_if(allocation.decisions.begin(), allocation.decisions.end(),
                                             [](const Decision& decision) { return decision.point.keep >= 1.0; }));
  summary.least_margin = least_margin(allocation);
  summary.by_phase = slices(allocation, [](const Decision& d) { return SliceKey{d.phase, {}}; });
  summary.by_layer = slices(allocation, [](const Decision& d) { return SliceKey{{}, d.layer}; });
  summary.by_phase_and_layer = slices(allocation, [](const Decision& d) { return SliceKey{d.phase, d.layer}; });
  return summary;
}

}  // namespace wean::calibrate
