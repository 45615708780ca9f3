// wean-calibrate as users run it: exit codes, messages, files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/plan/plan.h"
#include "tests/support/run_tool.h"
#include "tests/support/synthetic_profile.h"

namespace wean::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Cli : public ::testing::Test {
 protected:
  Cli() { write_synthetic_profile(profile_, {.layers = 4, .grid = {3, 7, 9}, .steps = 8, .sampled_rows = 6}); }
  ToolResult run(std::vector<std::string> arguments, const std::vector<std::string>& environment = {}) const {
    arguments.push_back("--quiet");
    return run_tool(WEAN_CALIBRATE, arguments, environment);
  }
  TempDir folder_;
  std::string profile_ = folder_ / "profile.h5", plan_ = folder_ / "plan.h5";
};

struct BadLine {
  std::vector<std::string> arguments;
  int code;
  const char* message;
};

TEST_F(Cli, BadCommandLinesSayWhatIsWrong) {
  spill(folder_ / "text.h5", "not a profile");
  spill(folder_ / "exists.h5", "mine");
  const std::string exists = folder_ / "exists.h5", text = folder_ / "text.h5", gone = folder_ / "gone.h5";
  const BadLine table[] = {
      {{}, 2, "profile is required"},
      {{profile_, "-o", plan_}, 2, "no target"},
      {{profile_, "-o", plan_, "--density", "2"}, 2, "--density 2 is not in (0, 1]"},
      {{profile_, "-o", plan_, "--density", "half"}, 2, "--density"},
      {{profile_, "-o", plan_, "--density", ".5", "--fidelity", ".7"}, 2, "not both"},
      {{profile_, "-o", plan_, "--density", ".5", "--method", "magic"}, 2, "--method 'magic' is unknown"},
      {{profile_, "-o", plan_, "--density", ".5", "--speed", "9"}, 2, "--speed"},
      {{profile_, "-o", plan_, "--density", ".5", "--dense-layers", "0,9"}, 2, "--dense-layers 9"},
      {{profile_, "-o", plan_, "--density", ".5", "--schedule", "sampler=ddim"}, 2, "sampler 'ddim' is unknown"},
      {{profile_, "-o", exists, "--density", ".5"}, 2, "exists; --force replaces it"},
      {{gone, "-o", plan_, "--density", ".5"}, 6, "gone.h5"},
      {{text, "-o", plan_, "--density", ".5"}, 3, "text.h5"},
      {{folder_.path(), "-o", plan_, "--density", ".5"}, 6, "wean-test"},
      {{profile_, "-o", folder_ / "no/such/plan.h5", "--density", ".5"}, 6, "no/such/plan.h5"},
      {{profile_, "-o", plan_, "--density", ".01", "--method", "uniform", "--row-floor", ".2"}, 13, "reachable is 0.2"},
  };
  for (const auto& bad : table) {
    const auto result = run(bad.arguments);
    EXPECT_EQ(result.code, bad.code) << result.err;
    EXPECT_THAT(result.err, StartsWith("wean-calibrate: error: "));
    EXPECT_THAT(result.err, HasSubstr(bad.message));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(slurp(exists), "mine");
  EXPECT_THAT(folder_.names(), ::testing::ElementsAre("exists.h5", "profile.h5", "text.h5"));
}

TEST_F(Cli, WritesAPlanAndSaysWhatItHolds) {
  const auto result = run({profile_, "-o", plan_, "--density", "0.6"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* part :
       {"density       g = ", "fidelity      F = ", "kept mass m = ", "unipc, 8 steps, shift 3", "layer 3"})
    EXPECT_THAT(result.out, HasSubstr(part));
  const auto plan = read_plan(plan_);
  EXPECT_EQ(plan.method, "west-fast");
  EXPECT_NEAR(plan.global_density, 0.6, 0.005);
}

TEST_F(Cli, ForceReplacesAndJsonAgreesWithTheFile) {
  spill(plan_, "old");
  const auto result = run({profile_, "-o", plan_, "--fidelity", "0.8", "--method", "uniform", "--force", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  char number[32];
  std::snprintf(number, sizeof number, "%.10f", read_plan(plan_).global_density);
  EXPECT_THAT(result.out, HasSubstr(std::string("\"global_density\": ") + std::string(number).substr(0, 9)));
  EXPECT_THAT(result.out, HasSubstr("\"fidelity\": 0.8"));
}

TEST_F(Cli, SameBytesForAnyThreadsAndLocale) {
  ASSERT_EQ(run({profile_, "-o", plan_, "--density", "0.55", "--threads", "1"}, {"LC_ALL=C"}).code, 0);
  const auto bytes = slurp(plan_);
  for (const char* threads : {"1", "2", "3", "8"})
    for (const char* locale : {"LC_ALL=C", "LC_ALL=de_DE.UTF-8"}) {
      const std::string again = folder_ / "again.h5";
      ASSERT_EQ(run({profile_, "-o", again, "--density", "0.55", "--threads", threads, "--force"}, {locale}).code, 0);
      EXPECT_TRUE(slurp(again) == bytes) << threads << " threads, " << locale;
    }
}

TEST_F(Cli, DryRunWritesNothing) {
  const auto result = run({profile_, "-o", plan_, "--density", "0.5", "--dry-run"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("nothing was written"));
  EXPECT_THAT(folder_.names(), ::testing::ElementsAre("profile.h5"));
}

TEST_F(Cli, SweepWritesEveryPhaseAndLayerAndSaysWhatItSkips) {
  const std::string csv = folder_ / "sweep.csv";
  const auto result = run({profile_, "--sweep", "0.2:0.8:0.3", "--method", "all", "--csv", csv});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("skipped: uniform-warmup cannot reach 0.2"));
  const auto text = slurp(csv);
  // uniform reaches .2, .5 and .8: a head line apart, each with 1 + 3 phases + 4 layers + 12 pairs.
  std::size_t uniform = 0;
  for (std::size_t at = text.find("\nuniform,"); at != std::string::npos; at = text.find("\nuniform,", at + 1))
    ++uniform;
  EXPECT_EQ(uniform, 3U * (1 + 3 + 4 + 12));
  for (const char* name : {"\nuniform-warmup,", "\nwest-fast-row,", "\nwest-fast-map,", "\nremoval-error,"})
    EXPECT_THAT(text, HasSubstr(name));
}

TEST_F(Cli, SurfaceGridPrintsBetaForEachPair) {
  const auto result = run({profile_, "--density", "0.6", "--surface", "grid", "--scope", "row"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("west-fast-row"));
  EXPECT_THAT(result.out, HasSubstr("beta"));
}

}  // namespace
}  // namespace wean::testing
