// Step schedules: which sigmas a sampler visits, and how many steps fall in each phase of a plan.
#pragma once
#include <span>
#include <vector>

#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::calibrate {

/// A schedule with the sigma of every step, falling.
struct StepSchedule {
  Schedule schedule;
  std::vector<double> sigmas;
};

/// Sigmas of flow matching with shift as diffusers 0.42.1 makes them (1,000 training steps): s' = shift * s / (1 +
/// (shift - 1) * s). "unipc" (use_flow_sigmas): s = the first N of N + 1 points from 1 to 1/1000, and a first sigma of
/// 1 becomes 1 - 1e-6. "euler" (FlowMatchEulerDiscrete): s = N points from 1 to the shifted 1/1000.
/// Throws kUsage on another sampler, on no steps or more than 1,000, and on a shift that is not positive and finite.
[[nodiscard]] StepSchedule flow_schedule(const Schedule& schedule);

/// The schedule that the profile was sampled with, sigmas as stored.
[[nodiscard]] StepSchedule profile_schedule(const ProfileMeta& meta);

/// The profile's phases with the step counts of `steps`.
[[nodiscard]] std::vector<PlanPhase> plan_phases(std::span<const Phase> phases, std::span<const double> sigmas);

/// The same phases, one of them split so that the first `count` steps fill whole phases; nothing to do when they do
/// already, and for 0 or all steps. The bound is the midpoint between the two neighbouring sigmas.
[[nodiscard]] std::vector<PlanPhase> split_after(std::vector<PlanPhase> phases, std::span<const double> sigmas,
                                                 std::size_t count);

/// Phases at the start that hold none but the first `count` steps; `count` as given to split_after().
[[nodiscard]] std::size_t leading_phases(std::span<const PlanPhase> phases, std::span<const double> sigmas,
                                         std::size_t count);

}  // namespace wean::calibrate
