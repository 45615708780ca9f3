#include "schemas/plan/plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <functional>

#include "common/base/file.h"
#include "tests/schemas/plan/example_plan.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using testing::example_plan;

class PlanTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_ / name; }

 private:
  testing::TempDir folder_;
};

TEST_F(PlanTest, ReadsBackWhatWasWritten) {
  const Plan plan = example_plan();
  write_plan(path("a.h5"), plan, true);
  EXPECT_EQ(read_plan(path("a.h5")), plan);
}

TEST_F(PlanTest, EqualPlansGiveEqualBytesASecondLater) {
  write_plan(path("a.h5"), example_plan(), true);
  const std::time_t before = std::time(nullptr);
  while (std::time(nullptr) == before) {
    struct timespec pause = {0, 50'000'000};
    ::nanosleep(&pause, nullptr);
  }
  write_plan(path("b.h5"), example_plan(), true);
  EXPECT_EQ(read_file(path("a.h5"), 1 << 24), read_file(path("b.h5"), 1 << 24));
}

TEST_F(PlanTest, ExistingFileIsKeptUnlessOverwritten) {
  write_plan(path("a.h5"), example_plan(), true);
  EXPECT_ERROR(write_plan(path("a.h5"), example_plan(), false), ErrorCode::kUsage, "--force");
}

// 2 steps in phase 0, 3 in phase 1.
TEST_F(PlanTest, GlobalDensityOfAHandComputedPlan) {
  Plan plan = example_plan();
  for (PlanRow& row : plan.rows) row.keep = row.phase == 1 ? 0.25 : (row.head == 0 || row.layer == 0) ? 1.0 : 0.5;
  // Of the six sites of phase 0, four keep all and two keep half: 5/6 on average.
  EXPECT_DOUBLE_EQ(global_density(plan), (2 * (5.0 / 6) + 3 * 0.25) / 5);
}

struct BadPlan {
  const char* name;
  std::function<void(Plan&)> damage;
  const char* message;
};

class BadPlanTest : public PlanTest, public ::testing::WithParamInterface<BadPlan> {};

TEST_P(BadPlanTest, IsRefusedBeforeItIsWritten) {
  Plan plan = example_plan();
  GetParam().damage(plan);
  const std::filesystem::path file = path("bad.h5");
  EXPECT_ERROR(write_plan(file, plan, true), ErrorCode::kSelfCheck, GetParam().message);
  EXPECT_FALSE(std::filesystem::exists(file));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadPlanTest,
    ::testing::Values(
        BadPlan{"unsorted", [](Plan& p) { std::swap(p.rows[3], p.rows[4]); }, "rows are sorted and complete"},
        BadPlan{"missing", [](Plan& p) { p.rows.pop_back(); }, "23 rows; 24 are needed"},
        BadPlan{"duplicated", [](Plan& p) { p.rows[5] = p.rows[4]; },
                "row 5: (phase 0, conditional, expert 0, layer 1"},
        BadPlan{"out_of_range", [](Plan& p) { p.rows[2].head = 3; }, "head 3"},
        BadPlan{"keep_zero", [](Plan& p) { p.rows[1].keep = 0; }, "keep 0; allowed are values in (0, 1]"},
        BadPlan{"dense_below_one", [](Plan& p) { p.rows[0].keep = 0.5; }, "of a dense site; it must be 1"},
        BadPlan{"not_finite", [](Plan& p) { p.rows[1].predicted_error = NAN; }, "predicted_error nan"},
        BadPlan{"density", [](Plan& p) { p.global_density = 0.9; }, "global_density 0.9; its rows give"},
        BadPlan{"gap", [](Plan& p) { p.phases[1].sigma_high = 0.5; }, "phase 1 begins at sigma 0.5"},
        BadPlan{"steps", [](Plan& p) { p.phases[1].steps = 4; }, "phases hold 6 steps; the schedule has 5"},
        BadPlan{"block", [](Plan& p) { p.block = 24; }, "block 24; a power of two from 16"},
        BadPlan{"grid", [](Plan& p) { p.grid.width = 0; }, "grid 3x5x0"},
        BadPlan{"source_falls", [](Plan& p) { p.phases[0].profile_phase = 2; }, "profile_phase 1 falls"},
        BadPlan{"no_method", [](Plan& p) { p.method.clear(); }, "method is empty"}),
    [](const auto& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace wean
