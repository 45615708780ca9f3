#include "calibrate/methods/uniform.h"

#include <algorithm>

#include "calibrate/methods/methods.h"

namespace wean::calibrate {

Uniform::Uniform(const Context& context, std::vector<PlanPhase> phases, std::size_t dense_phases,
                 std::map<std::string, double> facts)
    : context_(context),
      rules_{Score::kMassPooled, CutScope::kRow, context.options.row_floor.value_or(0.0),
             context.options.keep_diagonal.value_or(false)},
      phases_(std::move(phases)),
      cells_(make_cells(context, phases_, dense_phases)),
      dense_weight_(dense_weight(cells_)),
      facts_(std::move(facts)) {}

Reach Uniform::reach() {
  const double least = 0.0;
  return {settled_at(tabulate(context_, rules_, std::span(&least, 1)), 0, 0.0).mean.keep, 1.0};
}

std::vector<Allocation> Uniform::allocate(std::span<const double> densities) {
  std::vector<double> rests, keeps;
  for (const double density : densities) {
    const double free = 1.0 - dense_weight_;
    rests.push_back(free > 0.0 ? std::clamp((density - dense_weight_) / free, 0.0, 1.0) : 1.0);
  }
  keeps = rests;
  std::sort(keeps.begin(), keeps.end());
  const auto table = tabulate(context_, rules_, keeps);
  std::vector<Allocation> allocations;
  for (const double rest : rests) {
    const auto point = std::lower_bound(keeps.begin(), keeps.end(), rest) - keeps.begin();
    allocations.push_back(settled_at(table, static_cast<std::size_t>(point), rest));
  }
  return allocations;
}

Allocation Uniform::settled_at(const CurveTable& table, std::size_t point, double rest) const {
  auto cells = cells_;
  for (auto& cell : cells)
    if (!cell.dense) cell.decision.point = table.curves[cell.curve][point];
  Allocation allocation{phases_, rules_.score, rules_.scope, rules_.row_floor, rules_.keep_diagonal, {}, facts_, {}};
  allocation.facts["rest_density"] = rest;
  settle(std::move(cells), allocation);
  return allocation;
}

std::unique_ptr<Method> make_uniform(const Context& context) {
  return std::make_unique<Uniform>(context, plan_phases(context.source.meta().phases, context.steps.sigmas), 0,
                                   std::map<std::string, double>{});
}

}  // namespace wean::calibrate
