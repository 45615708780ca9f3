#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "calibrate/ladder.h"
#include "calibrate/methods/methods.h"

namespace wean::calibrate {
namespace {

/// The corners of a curve's lower convex hull in (keep, error), by point index.
std::vector<std::size_t> lower_hull(const SiteCurve& curve) {
  const auto turns_up = [&](std::size_t a, std::size_t b, std::size_t c) {
    const double ab = (curve[b].error - curve[a].error) * (curve[c].keep - curve[a].keep);
    return ab < (curve[c].error - curve[a].error) * (curve[b].keep - curve[a].keep);
  };
  std::vector<std::size_t> hull;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (!hull.empty() && curve[i].keep <= curve[hull.back()].keep) continue;
    while (hull.size() >= 2 && !turns_up(hull[hull.size() - 2], hull.back(), i)) hull.pop_back();
    hull.push_back(i);
  }
  return hull;
}

/// Error saved per share of work between neighbouring corners; falls along the hull.
double gain(const SiteCurve& curve, std::size_t from, std::size_t to) {
  return (curve[from].error - curve[to].error) / (curve[to].keep - curve[from].keep);
}

class RemovalError final : public Method {
 public:
  explicit RemovalError(const Context& context)
      : context_(context),
        rules_{Score::kRemovalError, CutScope::kMap, context.options.row_floor.value_or(0.1),
               context.options.keep_diagonal.value_or(true)},
        time_weight_(context.options.time_weight.value_or(4.0)),
        phases_(plan_phases(context.source.meta().phases, context.steps.sigmas)),
        cells_(make_cells(context, phases_, 0)) {
    double before = 0.0;
    const auto steps = static_cast<double>(context.steps.sigmas.size());
    for (const auto& phase : phases_) {
      importance_.push_back(std::exp(-time_weight_ * (before + 0.5 * phase.steps) / steps));
      before += phase.steps;
    }
  }

  Reach reach() override {
    prepare();
    const Ladder ladder{cells_, *table_};
    return {ladder.density(buy(std::numeric_limits<double>::infinity())), 1.0};
  }

  std::vector<Allocation> allocate(std::span<const double> densities) override {
    prepare();
    const Ladder ladder{cells_, *table_};
    std::vector<Allocation> allocations;
    for (const double density : densities) {
      // The price of work, as its logarithm: gains span many orders of magnitude.
      const auto settled = settle_density(
          ladder, [&](double log_price) { return buy(std::exp(log_price)); }, -700.0, 700.0, density);
      Allocation allocation{phases_, rules_.score, rules_.scope, rules_.row_floor, rules_.keep_diagonal, {}, {}, {}};
      allocation.facts = {{"log_price", settled.steer}, {"time_weight", time_weight_}};
      auto cells = cells_;
      apply_rungs(ladder, settled.rungs, cells);
      settle(std::move(cells), allocation);
      allocations.push_back(std::move(allocation));
    }
    return allocations;
  }

 private:
  void prepare() {
    if (table_) return;
    table_ = tabulate(context_, rules_, density_grid());
    for (const auto& curve : table_->curves) hulls_.push_back(lower_hull(curve));
  }

  /// Every site climbs its hull while the next corner saves more weighted error than its work costs.
  Rungs buy(double price) const {
    Rungs rungs(cells_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const auto& curve = table_->curves[cells_[i].curve];
      const auto& hull = hulls_[cells_[i].curve];
      const double importance = importance_[cells_[i].decision.phase];
      std::size_t corner = 0;
      while (corner + 1 < hull.size() && importance * gain(curve, hull[corner], hull[corner + 1]) > price) ++corner;
      rungs[i] = cells_[i].dense ? curve.size() - 1 : hull[corner];
    }
    return rungs;
  }

  const Context& context_;
  RankingRules rules_;
  double time_weight_;
  std::vector<PlanPhase> phases_;
  std::vector<Cell> cells_;
  std::vector<double> importance_;  ///< of each phase
  std::optional<CurveTable> table_;
  std::vector<std::vector<std::size_t>> hulls_;
};

}  // namespace

std::unique_ptr<Method> make_removal_error(const Context& context) { return std::make_unique<RemovalError>(context); }

}  // namespace wean::calibrate
