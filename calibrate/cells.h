// The cells of an allocation: every site in every phase of the plan, with its share of all work.
#pragma once
#include <span>
#include <vector>

#include "calibrate/method.h"
#include "calibrate/table.h"

namespace wean::calibrate {

/// One cell; `decision` holds its place and, once settled, its point.
struct Cell {
  Decision decision;
  std::size_t curve = 0;  ///< index into CurveTable::curves
  double weight = 0.0;    ///< share of all work; the weights of a plan sum to 1
  bool dense = false;     ///< forced by --dense-phases, --dense-layers or the method
};

/// Cells in the order of Allocation::decisions. The first `dense_plan_phases` phases are dense besides what the options
/// say. Throws kUsage when the options name a phase or layer that the profile lacks.
[[nodiscard]] std::vector<Cell> make_cells(const Context& context, std::span<const PlanPhase> phases,
                                           std::size_t dense_plan_phases);

/// Total weight of dense cells.
[[nodiscard]] double dense_weight(std::span<const Cell> cells);

/// Moves the decisions into `allocation` and fills its means, added in cell order.
void settle(std::vector<Cell> cells, Allocation& allocation);

}  // namespace wean::calibrate
