#include "calibrate/surface.h"

#include <algorithm>
#include <cmath>

namespace wean::calibrate {

double TargetSurface::height(std::uint32_t layer, std::uint32_t step) const {
  const double w = w_prime * layers / steps;
  const double range = (layers - 1.0) + w * (steps - 1.0);
  if (range <= 0.0) return 1.0;
  const double x = (layer + w * std::min(step, steps - 1)) / range;
  return std::pow(std::max(0.0, 1.0 - x), gamma);
}

}  // namespace wean::calibrate
