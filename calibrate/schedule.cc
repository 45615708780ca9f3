#include "calibrate/schedule.h"

#include <algorithm>
#include <cmath>

#include "common/base/error.h"

namespace wean::calibrate {
namespace {

constexpr double kTrainSteps = 1000.0;
constexpr std::uint32_t kMaxSteps = 1000;

double shifted(double sigma, double shift) { return shift * sigma / (1.0 + (shift - 1.0) * sigma); }

/// Point i of `count` evenly spaced ones from `first` to `last`, added up as numpy.linspace does.
double linspace(double first, double last, std::size_t count, std::size_t i) {
  if (count < 2) return first;
  const double step = (last - first) / static_cast<double>(count - 1);
  return i + 1 == count ? last : first + static_cast<double>(i) * step;
}

void count_steps(std::vector<PlanPhase>& phases, std::span<const double> sigmas) {
  PhaseTable table;
  for (auto& phase : phases) {
    table.push_back({phase.sigma_high, phase.sigma_low, 0});
    phase.steps = 0;
  }
  for (const double sigma : sigmas) ++phases[phase_of(table, sigma)].steps;
}

}  // namespace

StepSchedule flow_schedule(const Schedule& schedule) {
  require(schedule.steps >= 1 && schedule.steps <= kMaxSteps, ErrorCode::kUsage, "schedule: steps ", schedule.steps,
          " is not in 1..", kMaxSteps);
  require(std::isfinite(schedule.shift) && schedule.shift > 0.0, ErrorCode::kUsage, "schedule: shift ", schedule.shift,
          " is not a positive number");
  const bool unipc = schedule.sampler == "unipc";
  require(unipc || schedule.sampler == "euler", ErrorCode::kUsage, "schedule: sampler '", schedule.sampler,
          "' is unknown, allowed are unipc and euler");
  StepSchedule result{schedule, {}};
  const double last = unipc ? 1.0 / kTrainSteps : shifted(1.0 / kTrainSteps, schedule.shift);
  const std::size_t points = schedule.steps + (unipc ? 1U : 0U);
  for (std::size_t i = 0; i < schedule.steps; ++i)
    result.sigmas.push_back(shifted(linspace(1.0, last, points, i), schedule.shift));
  if (unipc && std::abs(result.sigmas[0] - 1.0) < 1e-6) result.sigmas[0] -= 1e-6;
  return result;
}

StepSchedule profile_schedule(const ProfileMeta& meta) {
  return {{meta.recipe.sampler, meta.recipe.steps, meta.recipe.shift}, meta.sigmas};
}

std::vector<PlanPhase> plan_phases(std::span<const Phase> phases, std::span<const double> sigmas) {
  std::vector<PlanPhase> result;
  for (std::uint32_t p = 0; p < phases.size(); ++p) result.push_back({phases[p].sigma_high, phases[p].sigma_low, 0, p});
  count_steps(result, sigmas);
  return result;
}

std::vector<PlanPhase> split_after(std::vector<PlanPhase> phases, std::span<const double> sigmas, std::size_t count) {
  if (count == 0 || count >= sigmas.size()) return phases;
  const double above = sigmas[count - 1], below = sigmas[count];
  const auto separates = [&](const PlanPhase& phase) { return below <= phase.sigma_low && phase.sigma_low < above; };
  if (std::any_of(phases.begin(), phases.end(), separates)) return phases;
  const double bound = 0.5 * (above + below);
  const auto split =
      std::find_if(phases.begin(), phases.end(), [&](const PlanPhase& phase) { return phase.sigma_low < bound; });
  require(below < above && split != phases.end(), ErrorCode::kUsage, "schedule: steps ", count - 1, " and ", count,
          " have the same sigma ", above, ", so no phase bound fits between them");
  auto upper = *split;
  upper.sigma_low = bound;
  split->sigma_high = bound;
  phases.insert(split, upper);
  count_steps(phases, sigmas);
  return phases;
}

std::size_t leading_phases(std::span<const PlanPhase> phases, std::span<const double> sigmas, std::size_t count) {
  if (count == 0) return 0;
  if (count >= sigmas.size()) return phases.size();
  const auto later = std::find_if(phases.begin(), phases.end(),
                                  [&](const PlanPhase& phase) { return phase.sigma_low < sigmas[count]; });
  return static_cast<std::size_t>(later - phases.begin());
}

}  // namespace wean::calibrate
