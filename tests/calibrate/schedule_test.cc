// Sigmas by the formula, step counts by hand, splitting a phase. diffusers itself is asked by schedule_oracle.py.
#include "calibrate/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"

namespace wean::calibrate {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint32_t> steps_of(const std::vector<PlanPhase>& phases) {
  std::vector<std::uint32_t> steps;
  for (const auto& phase : phases) steps.push_back(phase.steps);
  return steps;
}

const PhaseTable kHalves{{1.0, 0.5, 2}, {0.5, 0.0, 2}};
const std::vector<double> kSigmas{0.9, 0.8, 0.6, 0.4, 0.2};

TEST(Schedule, FourStepsByHand) {
  // s = 1, .75025, .5005, .25075 and s' = 3 s / (1 + 2 s).
  const auto unipc = flow_schedule({"unipc", 4, 3.0}).sigmas;
  EXPECT_THAT(
      unipc, ElementsAre(1 - 1e-6, ::testing::DoubleNear(2.25075 / 2.5005, 1e-12),
                         ::testing::DoubleNear(1.5015 / 2.001, 1e-12), ::testing::DoubleNear(0.75225 / 1.5015, 1e-12)));
  // Shift 1 leaves 1, .5005, .001.
  EXPECT_THAT(flow_schedule({"euler", 3, 1.0}).sigmas,
              ElementsAre(1.0, ::testing::DoubleNear(0.5005, 1e-12), ::testing::DoubleNear(0.001, 1e-12)));
}

TEST(Schedule, RefusesWhatDoesNotExist) {
  EXPECT_ERROR(flow_schedule({"ddim", 4, 3.0}), ErrorCode::kUsage,
               "sampler 'ddim' is unknown, allowed are unipc and euler");
  EXPECT_ERROR(flow_schedule({"unipc", 0, 3.0}), ErrorCode::kUsage, "steps 0 is not in 1..1000");
  EXPECT_ERROR(flow_schedule({"unipc", 4, 0.0}), ErrorCode::kUsage, "shift 0 is not a positive number");
  EXPECT_ERROR(flow_schedule({"unipc", 4, std::nan("")}), ErrorCode::kUsage, "shift");
}

TEST(Schedule, CountsStepsInPhases) {
  EXPECT_THAT(steps_of(plan_phases(kHalves, kSigmas)), ElementsAre(3, 2));
  EXPECT_THAT(steps_of(plan_phases(kHalves, std::vector<double>{0.3})), ElementsAre(0, 1));
}

TEST(Schedule, SplitsThePhaseInWhichTheWarmUpEnds) {
  const auto phases = split_after(plan_phases(kHalves, kSigmas), kSigmas, 2);
  ASSERT_EQ(phases.size(), 3U);
  EXPECT_THAT(steps_of(phases), ElementsAre(2, 1, 2));
  EXPECT_DOUBLE_EQ(phases[0].sigma_low, 0.7);
  EXPECT_DOUBLE_EQ(phases[1].sigma_high, 0.7);
  EXPECT_EQ(phases[0].profile_phase, 0U);
  EXPECT_EQ(phases[1].profile_phase, 0U);
  EXPECT_EQ(phases[2].profile_phase, 1U);
  EXPECT_EQ(leading_phases(phases, kSigmas, 2), 1U);
}

TEST(Schedule, SplitsNothingWhenABoundIsThereOrNothingIsAsked) {
  const auto phases = plan_phases(kHalves, kSigmas);
  for (const std::size_t count : {0U, 3U, 5U}) EXPECT_EQ(split_after(phases, kSigmas, count), phases) << count;
  EXPECT_EQ(leading_phases(phases, kSigmas, 0), 0U);
  EXPECT_EQ(leading_phases(phases, kSigmas, 3), 1U);
  EXPECT_EQ(leading_phases(phases, kSigmas, 5), 2U);
}

TEST(Schedule, RefusesToSplitEqualSigmas) {
  const std::vector<double> equal{0.9, 0.9, 0.2};
  EXPECT_ERROR(split_after(plan_phases(kHalves, equal), equal, 1), ErrorCode::kUsage, "same sigma 0.9");
}

}  // namespace
}  // namespace wean::calibrate
