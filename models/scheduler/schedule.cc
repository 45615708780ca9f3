#include "models/scheduler/schedule.h"

#include <algorithm>
#include <cmath>

#include "common/base/error.h"

namespace wean::models {
namespace {

constexpr double kTrainSteps = 1000.0;

void check(std::uint32_t steps, double shift) {
  require(steps > 0 && steps <= 1000, ErrorCode::kUsage, "steps ", steps, "; allowed: 1 to 1000");
  require(std::isfinite(shift) && shift > 0, ErrorCode::kUsage, "shift ", shift, "; it must be above 0");
}

/// Moves noise levels towards 1; in float and in double, as the reference does each.
template <typename Real>
Real shifted(Real sigma, Real shift) {
  return shift * sigma / (1 + (shift - 1) * sigma);
}

/// Entry `index` of `count` evenly spaced numbers from `first` to `last`.
double evenly(double first, double last, std::uint32_t index, std::uint32_t count) {
  if (count < 2) return first;
  if (index + 1 == count) return last;
  return first + (last - first) / (count - 1) * index;
}

}  // namespace

double Schedule::sigma(std::size_t step) const { return std::clamp(static_cast<double>(sigmas.at(step)), 0.0, 1.0); }

Schedule unipc_schedule(std::uint32_t steps, double shift) {
  check(steps, shift);
  Schedule schedule;
  for (std::uint32_t i = 0; i < steps; ++i) {
    double sigma = shifted(evenly(1.0, 1.0 / kTrainSteps, i, steps + 1), shift);
    if (i == 0 && std::abs(sigma - 1) < 1e-6) sigma -= 1e-6;
    schedule.sigmas.push_back(static_cast<float>(sigma));
    schedule.timesteps.push_back(std::trunc(sigma * kTrainSteps));
  }
  schedule.sigmas.push_back(0.0F);
  return schedule;
}

Schedule euler_schedule(std::uint32_t steps, double shift) {
  check(steps, shift);
  const double high = shifted(1.0F, static_cast<float>(shift));
  const double low = shifted(static_cast<float>(1.0 / kTrainSteps), static_cast<float>(shift));
  Schedule schedule;
  for (std::uint32_t i = 0; i < steps; ++i) {
    const double spaced = evenly(high * kTrainSteps, low * kTrainSteps, i, steps) / kTrainSteps;
    const auto sigma = static_cast<float>(shifted(spaced, shift));
    schedule.sigmas.push_back(sigma);
    schedule.timesteps.push_back(sigma * static_cast<float>(kTrainSteps));
  }
  schedule.sigmas.push_back(0.0F);
  return schedule;
}

}  // namespace wean::models
