// Command lines as tables: what is refused, with which words; what sweeps and schedules mean.
#include "calibrate/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/support/expect_error.h"

namespace wean::calibrate {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

Options good() {
  Options options;
  options.profile = "profile.h5";
  options.output = "plan.h5";
  options.target.density = 0.45;
  return options;
}

TEST(Options, GoodOnesPass) {
  EXPECT_NO_THROW(validate(good()));
  auto sweep = good();
  sweep.output.clear();
  sweep.target.density.reset();
  sweep.sweep = "0.15:0.90:0.05";
  sweep.method = "all";
  EXPECT_NO_THROW(validate(sweep));
}

struct Broken {
  std::function<void(Options&)> breaks;
  const char* message;
};

TEST(Options, BadOnesSayWhatIsAllowed) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  const Broken table[] = {
      {[](Options& o) { o.target.density = 0.0; }, "--density 0 is not in (0, 1]"},
      {[](Options& o) { o.target.density = 1.01; }, "--density 1.01 is not in (0, 1]"},
      {[nan](Options& o) { o.target.density = nan; }, "--density nan is not in (0, 1]"},
      {[](Options& o) {
         o.target = {{}, 1.0};
       },
       "--fidelity 1 is not in [0, 1)"},
      {[](Options& o) {
         o.target = {{}, -0.1};
       },
       "--fidelity -0.1 is not in [0, 1)"},
      {[](Options& o) { o.target.fidelity = 0.9; }, "give --density or --fidelity, not both"},
      {[](Options& o) { o.target = {}; }, "no target: give --density, --fidelity or --sweep"},
      {[](Options& o) { o.output.clear(); }, "no output: give -o plan.h5"},
      {[](Options& o) { o.method = "magic"; },
       "--method 'magic' is unknown, allowed are dense, uniform, uniform-warmup"},
      {[](Options& o) { o.method = "all"; }, "--method all needs --sweep"},
      {[](Options& o) { o.sweep = "0.1:0.9:0.1"; }, "--sweep takes the place of --density"},
      {[](Options& o) { o.target = {}, o.sweep = "0.1:0.9:0.1"; }, "-o goes with --density or --fidelity only"},
      {[](Options& o) { o.csv = "x.csv"; }, "--csv needs --sweep"},
      {[](Options& o) { o.surface = "plane"; }, "--surface 'plane' is unknown, allowed is grid"},
      {[](Options& o) { o.surface = "grid", o.method = "uniform"; }, "--surface grid needs --density and a west-fast"},
      {[](Options& o) { o.scope = "column"; }, "--scope 'column' is unknown, allowed are row and map"},
      {[](Options& o) { o.scope = "row", o.method = "uniform"; },
       "--scope goes with --method west-fast, not with uniform"},
      {[](Options& o) { o.choices.row_floor = 1.5; }, "--row-floor 1.5 is not in [0, 1]"},
      {[](Options& o) { o.method = "uniform-warmup", o.choices.warmup = -0.1; }, "--warmup -0.1 is not in [0, 1]"},
      {[](Options& o) { o.choices.west_w = 0.0; }, "--west-w 0 is not a positive number"},
      {[nan](Options& o) { o.choices.west_gamma = nan; }, "--west-gamma nan is not a positive number"},
      {[](Options& o) { o.method = "removal-error", o.choices.time_weight = -1.0; },
       "--time-weight -1 is not in [0, 100]"},
      {[](Options& o) { o.choices.warmup = 0.1; }, "--warmup goes with --method uniform-warmup, not with west-fast"},
      {[](Options& o) { o.method = "uniform", o.choices.west_w = 1.0; }, "--west-w goes with --method west-fast"},
      {[](Options& o) { o.choices.time_weight = 1.0; }, "--time-weight goes with --method removal-error"},
      {[](Options& o) { o.schedule = "shift=1e30"; }, "shift 1e30 is not in (0, 1000]"},
      {[](Options& o) { o.threads = -1; }, "--threads -1 is not in [0, 1024]"},
      {[](Options& o) { o.schedule = "steps=ten"; }, "--schedule 'steps=ten': 'ten' is not a number"},
  };
  for (const auto& broken : table) {
    auto options = good();
    broken.breaks(options);
    EXPECT_ERROR(validate(options), ErrorCode::kUsage, broken.message);
  }
}

TEST(Options, SweepsIncludeBothEnds) {
  EXPECT_THAT(parse_sweep("0.15:0.30:0.05").densities(), ElementsAre(DoubleNear(0.15, 1e-12), DoubleNear(0.2, 1e-12),
                                                                     DoubleNear(0.25, 1e-12), DoubleNear(0.3, 1e-12)));
  EXPECT_THAT(parse_sweep("1:1:1").densities(), ElementsAre(1.0));
  EXPECT_THAT(parse_sweep("0.3:0.4:0.2").densities(), ElementsAre(0.3));
}

TEST(Options, BadSweepsAreRefused) {
  for (const char* text : {"", "0.1", "0.1:0.9", "0.1:0.9:0.1:2", "0:0.9:0.1", "0.9:0.1:0.1", "0.1:1.1:0.1",
                           "0.1:0.9:0", "0.1:0.9:x", "0,1:0,9:0,1", "0.1:0.9:0.1 ", "0.1:nan:0.1", "0.1:0.9:0.0001"})
    EXPECT_ERROR(parse_sweep(text), ErrorCode::kUsage, std::string("--sweep '") + text + "'");
}

TEST(Options, SchedulesFillInWhatIsMissing) {
  const Schedule base{"unipc", 20, 3.0};
  EXPECT_EQ(parse_schedule("steps=50,shift=5", base), (Schedule{"unipc", 50, 5.0}));
  EXPECT_EQ(parse_schedule("sampler=euler", base), (Schedule{"euler", 20, 3.0}));
  EXPECT_EQ(parse_schedule("shift=2.5", base), (Schedule{"unipc", 20, 2.5}));
}

TEST(Options, BadSchedulesAreRefused) {
  for (const char* text : {"", "50", "steps", "steps=", "steps=0", "steps=1001", "steps=2.5", "shift=x", "speed=3",
                           "steps=5,,shift=3", "steps=5,steps=6", "steps=1e9"})
    EXPECT_ERROR(parse_schedule(text, {}), ErrorCode::kUsage, std::string("--schedule '") + text + "'");
}

}  // namespace
}  // namespace wean::calibrate
