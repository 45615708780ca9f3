// The FAST fidelity target over layers and steps (METHOD.md section 2).
#pragma once
#include <cstdint>

namespace wean::calibrate {

/// F_target(l, t) = beta * (1 - x)^gamma + (1 - beta) with x = (l + w t) / ((N_L - 1) + w (N_T - 1)): 1 at the first
/// layer and step, 1 - beta at the last ones. The slope over steps is given as w' = w N_T / N_L, which weighs a whole
/// run of steps against the whole depth.
struct TargetSurface {
  double w_prime = 1.0;  ///< > 0
  double gamma = 1.0;    ///< > 0
  std::uint32_t layers = 1, steps = 1;

  /// (1 - x)^gamma at layer l and step t; steps beyond the last count as the last.
  [[nodiscard]] double height(std::uint32_t layer, std::uint32_t step) const;
};

/// Target at a point of that height.
[[nodiscard]] constexpr double fidelity_target(double beta, double height) noexcept {
  return beta * height + (1.0 - beta);
}

}  // namespace wean::calibrate
