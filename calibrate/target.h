// From what the user asked for, a global density or a fidelity, to one allocation.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "calibrate/method.h"

namespace wean::calibrate {

/// Exactly one of the two is set.
struct Target {
  std::optional<double> density;   ///< g in (0, 1]
  std::optional<double> fidelity;  ///< mean predicted fidelity in [0, 1)
};

/// The allocation whose g is within kDensityTolerance of `density`. Throws kOutOfReach with the reachable range.
[[nodiscard]] Allocation reach_density(Method& method, const std::string& name, double density);

/// The allocation with the smallest g, to about 1/1000, whose mean predicted fidelity is at least `fidelity`. Throws
/// kOutOfReach with the reachable range when even the lowest g has more than `fidelity` + .005.
[[nodiscard]] Allocation reach_fidelity(Method& method, const std::string& name, double fidelity);

/// Whether the allocation's g is what was asked.
[[nodiscard]] bool reached(const Allocation& allocation, double density);

}  // namespace wean::calibrate
