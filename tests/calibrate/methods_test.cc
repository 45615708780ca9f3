// What every method must hold on several profiles, ragged grids included.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "calibrate/calibrate.h"
#include "calibrate/methods/west_fast.h"
#include "calibrate/surface.h"
#include "tests/calibrate/memory_profile.h"
#include "tests/support/expect_error.h"

namespace wean::calibrate {
namespace {

using wean::testing::SyntheticOptions;

const SyntheticOptions kShapes[] = {
    {.layers = 6, .heads = 4, .grid = {4, 8, 8}, .block = 16, .phases = 4, .steps = 10, .seed = 1},
    {.layers = 5, .heads = 3, .grid = {3, 7, 9}, .block = 16, .phases = 3, .steps = 8, .seed = 2},
    {.layers = 4, .heads = 2, .grid = {5, 5, 7}, .block = 16, .phases = 2, .steps = 7, .prompts = 1, .seed = 3},
    {.layers = 4,
     .heads = 2,
     .experts = 2,
     .grid = {3, 6, 9},
     .block = 16,
     .phases = 3,
     .steps = 9,
     .branches = {Branch::kConditional, Branch::kUnconditional},
     .seed = 4},
};

class Methods : public ::testing::TestWithParam<std::tuple<const char*, SyntheticOptions>> {
 protected:
  Methods() : profile_(std::get<1>(GetParam())), name_(std::get<0>(GetParam())) {}
  MemoryProfile profile_;
  std::string name_;
};

TEST_P(Methods, MeetsDensityAndEveryTarget) {
  for (const double density : {0.4, 0.45, 0.6, 0.75, 0.95, 1.0}) {
    const auto result = make_plan(context_of(profile_), name_, {density, {}});
    EXPECT_NEAR(result.plan.global_density, density, 0.005);
    EXPECT_NEAR(global_density(result.plan), result.summary.mean.keep, 1e-12);
    for (const auto& row : result.plan.rows) {
      EXPECT_GE(row.predicted_fidelity, row.fidelity_target);
      EXPECT_EQ(row.rule == Rule::kDense, row.keep == 1.0);
    }
    EXPECT_GE(result.summary.least_margin.value_or(0.0), 0.0);
  }
}

TEST_P(Methods, MoreDensityMeansMoreFidelity) {
  const auto result = sweep(context_of(profile_), name_, {0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0});
  ASSERT_EQ(result.summaries.size(), 7U);
  for (std::size_t i = 1; i < 7; ++i)
    EXPECT_GT(result.summaries[i].mean.fidelity, result.summaries[i - 1].mean.fidelity);
}

TEST_P(Methods, ReachesAFidelityWithTheLeastDensity) {
  const auto fine = make_plan(context_of(profile_), name_, {{}, 0.85}).summary;
  EXPECT_NEAR(fine.mean.fidelity, 0.85, 0.01);
  EXPECT_GE(fine.mean.fidelity, 0.85);
  const auto less = make_plan(context_of(profile_), name_, {fine.mean.keep - 0.012, {}}).summary;
  EXPECT_LT(less.mean.fidelity, 0.85);
}

TEST_P(Methods, ForcedPhasesAndLayersAreDense) {
  MethodOptions options;
  options.dense_phases = 1;
  options.dense_layers = {1};
  const auto plan = make_plan(context_of(profile_, options), name_, {0.8, {}}).plan;
  bool sparse = false;
  for (const auto& row : plan.rows) {
    const bool forced = plan.phases[row.phase].profile_phase == 0 || row.layer == 1;
    EXPECT_TRUE(!forced || row.rule == Rule::kDense);
    sparse = sparse || row.rule == Rule::kRanked;
  }
  EXPECT_TRUE(sparse);
}

TEST_P(Methods, DoesNotDependOnThreads) {
  auto context = context_of(profile_);
  context.threads = 1;
  const auto first = make_plan(context, name_, {0.55, {}}).plan;
  for (const int threads : {2, 3, 8}) {
    context.threads = threads;
    EXPECT_TRUE(make_plan(context, name_, {0.55, {}}).plan == first) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Methods,
                         ::testing::Combine(::testing::Values("uniform", "uniform-warmup", "west-fast-row",
                                                              "west-fast-map", "removal-error"),
                                            ::testing::ValuesIn(kShapes)));

TEST(Surface, CornersAndMiddleByHand) {
  const TargetSurface surface{2.0, 2.0, 5, 11};  // w = 10 / 11, range 4 + 100 / 11
  EXPECT_DOUBLE_EQ(surface.height(0, 0), 1.0);
  EXPECT_NEAR(surface.height(4, 10), 0.0, 1e-15);
  EXPECT_NEAR(surface.height(4, 99), 0.0, 1e-15) << "steps beyond the last count as the last";
  EXPECT_NEAR(surface.height(2, 5), 0.25, 1e-15);
  EXPECT_DOUBLE_EQ(fidelity_target(0.4, 0.25), 0.7);
  EXPECT_DOUBLE_EQ((TargetSurface{1.0, 1.0, 1, 1}).height(0, 0), 1.0);
}

TEST(WestFast, PhaseMustMeetTheTargetOfItsFirstStep) {
  const MemoryProfile profile(kShapes[0]);
  const auto result = make_plan(context_of(profile), "west-fast-map", {0.6, {}});
  const auto& facts = result.summary.facts;
  const TargetSurface surface{facts.at("west_w"), facts.at("gamma"), 6, 10};
  const std::uint32_t first_step[] = {0, 3, 6, 8};  // 3, 3, 2, 2 steps
  for (const auto& row : result.plan.rows)
    EXPECT_DOUBLE_EQ(row.fidelity_target,
                     fidelity_target(facts.at("beta"), surface.height(row.layer, first_step[row.phase])));
}

TEST(WestFast, GammaGrowsWhenTheTargetIsOutOfReachOfOne) {
  const MemoryProfile profile(kShapes[0]);
  const auto context = context_of(profile);
  WestFast method(context, TopkScope::kMap);
  const double reach = method.lowest(4.0, 1.0);
  ASSERT_GT(reach - method.lowest(4.0, 2.0), 0.03);
  const double densities[] = {reach + 0.01, reach - 0.02};
  const auto allocations = method.allocate(densities);
  EXPECT_EQ(allocations[0].facts.at("gamma"), 1.0);
  EXPECT_EQ(allocations[1].facts.at("gamma"), 2.0);
}

TEST(WestFast, SurfaceGridListsEveryPairOnce) {
  const MemoryProfile profile(kShapes[1]);
  const auto grid = surface_grid(context_of(profile), TopkScope::kRow, 0.5);
  EXPECT_EQ(grid.summaries.size() + grid.skipped.size(), 20U);
  EXPECT_GT(grid.summaries.size(), 5U);
  for (const auto& summary : grid.summaries) {
    EXPECT_NEAR(summary.mean.keep, 0.5, 0.005);
    EXPECT_GE(summary.least_margin, 0.0);
  }
}

TEST(RemovalError, BeatsUniformOnItsOwnMeasure) {
  const MemoryProfile profile(kShapes[0]);
  MethodOptions options;
  options.time_weight = 0.0;
  options.row_floor = 0.0;
  options.keep_diagonal = false;
  const auto context = context_of(profile, options);
  const auto uniform = make_plan(context, "uniform", {0.45, {}}).summary;
  const auto best = make_plan(context, "removal-error", {0.45, {}}).summary;
  EXPECT_LT(best.mean.error, 0.98 * uniform.mean.error);
}

TEST(RemovalError, TimeWeightMovesWorkToTheFirstPhases) {
  const MemoryProfile profile(kShapes[0]);
  MethodOptions flat, early;
  flat.time_weight = 0.0;
  early.time_weight = 6.0;
  const auto a = make_plan(context_of(profile, flat), "removal-error", {0.45, {}}).summary;
  const auto b = make_plan(context_of(profile, early), "removal-error", {0.45, {}}).summary;
  EXPECT_GT(b.by_phase.front().mean.keep, a.by_phase.front().mean.keep + 0.05);
  EXPECT_LT(b.by_phase.back().mean.keep, a.by_phase.back().mean.keep - 0.05);
}

TEST(Reach, RefusalsNameTheRange) {
  const MemoryProfile profile(kShapes[0]);
  const auto context = context_of(profile);
  EXPECT_ERROR(make_plan(context, "uniform-warmup", {0.15, {}}), ErrorCode::kOutOfReach,
               "--density 0.15 is out of reach of uniform-warmup with these options: reachable is 0.25");
  EXPECT_ERROR(make_plan(context, "west-fast-row", {0.02, {}}), ErrorCode::kOutOfReach, "reachable is 0.");
  EXPECT_ERROR(make_plan(context, "removal-error", {0.05, {}}), ErrorCode::kOutOfReach, "reachable is 0.1");
  EXPECT_ERROR(make_plan(context, "dense", {0.5, {}}), ErrorCode::kOutOfReach, "reachable is 1.0000 to 1.0000");
  EXPECT_ERROR(make_plan(context, "west-fast-map", {{}, 0.01}), ErrorCode::kOutOfReach,
               "--fidelity 0.01 is out of reach");
}

TEST(Reach, CoarseBlocksCannotHitEveryDensity) {
  const MemoryProfile profile({.layers = 1, .heads = 1, .grid = {1, 4, 8}, .block = 16, .phases = 1, .steps = 2});
  EXPECT_ERROR(make_plan(context_of(profile), "uniform", {0.6, {}}), ErrorCode::kOutOfReach, "few or coarse blocks");
}

TEST(Reach, OptionsBeyondTheProfileAreRefused) {
  const MemoryProfile profile(kShapes[0]);
  MethodOptions options;
  options.dense_phases = 5;
  EXPECT_ERROR(make_plan(context_of(profile, options), "uniform", {0.5, {}}), ErrorCode::kUsage, "has 4 phases");
  options = {};
  options.dense_layers = {6};
  EXPECT_ERROR(make_plan(context_of(profile, options), "uniform", {0.5, {}}), ErrorCode::kUsage, "layers 0 to 5");
}

TEST(Branches, AnUnprofiledBranchTakesTheOtherOnesRows) {
  const MemoryProfile profile(kShapes[1]);
  const auto plan = make_plan(context_of(profile), "west-fast-map", {0.5, {}}).plan;
  const std::size_t sites = 5 * 3;
  ASSERT_EQ(plan.rows.size(), 3 * 2 * sites);
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    if (plan.rows[i].branch != Branch::kConditional) continue;
    auto copy = plan.rows[i];
    copy.branch = Branch::kUnconditional;
    EXPECT_TRUE(plan.rows[i + sites] == copy);
  }
}

}  // namespace
}  // namespace wean::calibrate
