// Settling a budget on the points of the sites' curves: one number steers all sites, bisection finds it.
#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "calibrate/cells.h"
#include "calibrate/table.h"

namespace wean::calibrate {

/// Point index of every cell.
using Rungs = std::vector<std::size_t>;

/// All cells on the points of one table.
struct Ladder {
  std::span<const Cell> cells;
  const CurveTable& table;
  [[nodiscard]] const SiteCurve& curve(std::size_t cell) const { return table.curves[cells[cell].curve]; }
  /// Global density of a choice, added in cell order.
  [[nodiscard]] double density(const Rungs& rungs) const;
};

/// A steering number with what it leads to.
struct Settled {
  double steer = 0.0;
  Rungs rungs;
};

/// Finds the choice nearest to the global density `wanted`. `choose` maps a steering number to rungs that fall (weakly)
/// as it grows; `low` and `high` bound it. The result starts from the smallest steer whose density is at most
/// `wanted` (`high` when there is none) and, since densities jump there, raises cells one by one towards the choice
/// just before (towards dense when that steer is `low`): every cell keeps at least what choose(steer) gave it.
[[nodiscard]] Settled settle_density(const Ladder& ladder, const std::function<Rungs(double)>& choose, double low,
                                     double high, double wanted);

/// Puts every cell on its rung, forced dense cells on the last point.
void apply_rungs(const Ladder& ladder, const Rungs& rungs, std::vector<Cell>& cells);

}  // namespace wean::calibrate
