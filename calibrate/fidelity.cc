#include "calibrate/fidelity.h"

#include <algorithm>
#include <cmath>

namespace wean::calibrate {

double fidelity_of_dropped(double dropped) noexcept {
  const double x = std::clamp(dropped, 0.0, 1.0);
  return 1.0 - std::sqrt(x / (1.0 + std::sqrt(1.0 - x)));
}

double kept_of_fidelity(double fidelity) noexcept {
  const double distance = 1.0 - fidelity;
  const double affinity = 1.0 - distance * distance;
  return affinity * affinity;
}

}  // namespace wean::calibrate
