#include "calibrate/methods/west_fast.h"

#include <algorithm>

#include "calibrate/methods/methods.h"

namespace wean::calibrate {

WestFast::WestFast(const Context& context, TopkScope scope)
    : context_(context),
      rules_{scope == TopkScope::kRow ? Score::kThresholdRow : Score::kThresholdMap, CutScope::kMap,
             context.options.row_floor.value_or(0.0), context.options.keep_diagonal.value_or(false)},
      phases_(plan_phases(context.source.meta().phases, context.steps.sigmas)),
      cells_(make_cells(context, phases_, 0)) {}

const CurveTable& WestFast::table() {
  if (!table_) table_ = tabulate(context_, rules_, density_grid());
  return *table_;
}

std::vector<double> WestFast::gammas() const {
  if (context_.options.west_gamma) return {*context_.options.west_gamma};
  return {1.0, 2.0, 4.0};
}

std::vector<double> WestFast::heights(double w_prime, double gamma) const {
  const auto steps = static_cast<std::uint32_t>(context_.steps.sigmas.size());
  const TargetSurface surface{w_prime, gamma, context_.source.meta().model.layers, steps};
  std::vector<std::uint32_t> first_step(phases_.size(), 0);
  for (std::size_t p = 1; p < phases_.size(); ++p) first_step[p] = first_step[p - 1] + phases_[p - 1].steps;
  std::vector<double> heights;
  heights.reserve(cells_.size());
  for (const auto& cell : cells_)
    heights.push_back(surface.height(cell.decision.layer, first_step[cell.decision.phase]));
  return heights;
}

Rungs WestFast::meet(const Ladder& ladder, const std::vector<double>& heights, double beta) const {
  Rungs rungs(cells_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const auto& curve = ladder.curve(i);
    const auto meets = std::lower_bound(curve.begin(), curve.end() - 1, fidelity_target(beta, heights[i]),
                                        [](const CurvePoint& point, double target) { return point.fidelity < target; });
    rungs[i] = cells_[i].dense ? curve.size() - 1 : static_cast<std::size_t>(meets - curve.begin());
  }
  return rungs;
}

double WestFast::lowest(double w_prime, double gamma) {
  const Ladder ladder{cells_, table()};
  return ladder.density(meet(ladder, heights(w_prime, gamma), 1.0));
}

Reach WestFast::reach() {
  double low = 1.0;
  for (const double gamma : gammas()) low = std::min(low, lowest(w_prime(), gamma));
  return {low, 1.0};
}

Allocation WestFast::solve(double w_prime, double gamma, double density) {
  const Ladder ladder{cells_, table()};
  const auto height = heights(w_prime, gamma);
  const auto settled = settle_density(
      ladder, [&](double beta) { return meet(ladder, height, beta); }, 0.0, 1.0, density);
  auto cells = cells_;
  apply_rungs(ladder, settled.rungs, cells);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].decision.target = fidelity_target(settled.steer, height[i]);
  Allocation allocation{phases_, rules_.score, rules_.scope, rules_.row_floor, rules_.keep_diagonal, {}, {}, {}};
  allocation.facts = {{"beta", settled.steer}, {"gamma", gamma}, {"west_w", w_prime}};
  settle(std::move(cells), allocation);
  return allocation;
}

std::vector<Allocation> WestFast::allocate(std::span<const double> densities) {
  std::vector<Allocation> allocations;
  for (const double density : densities) {
    const auto choices = gammas();
    const auto reaches = [&](double gamma) { return lowest(w_prime(), gamma) <= density + kDensityTolerance; };
    const auto first = std::find_if(choices.begin(), choices.end(), reaches);
    allocations.push_back(solve(w_prime(), first == choices.end() ? choices.back() : *first, density));
  }
  return allocations;
}

std::unique_ptr<Method> make_west_fast(const Context& context) {
  return std::make_unique<WestFast>(context, context.options.scope.value_or(TopkScope::kMap));
}
std::unique_ptr<Method> make_west_fast_row(const Context& context) {
  return std::make_unique<WestFast>(context, TopkScope::kRow);
}
std::unique_ptr<Method> make_west_fast_map(const Context& context) {
  return std::make_unique<WestFast>(context, TopkScope::kMap);
}

}  // namespace wean::calibrate
