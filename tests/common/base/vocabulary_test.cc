#include "common/base/vocabulary.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace wean {
namespace {

// Exact in binary, and so are their midpoints.
const std::vector<double> kSigmas = {1.0, 0.9375, 0.875, 0.75, 0.625, 0.5, 0.25};

TEST(Phases, EqualStepCountsAndMidpoints) {
  const PhaseTable phases = make_phases(kSigmas, 3);
  ASSERT_EQ(phases.size(), 3U);
  EXPECT_EQ(phases[0], (Phase{1.0, 0.8125, 3}));
  EXPECT_EQ(phases[1], (Phase{0.8125, 0.5625, 2}));
  EXPECT_EQ(phases[2], (Phase{0.5625, 0.0, 2}));
}

TEST(Phases, EveryCountKeepsEveryStep) {
  for (std::size_t count = 1; count <= kSigmas.size(); ++count) {
    const PhaseTable phases = make_phases(kSigmas, count);
    check_phases(phases, "test");
    std::vector<std::uint32_t> seen(count, 0);
    for (const double sigma : kSigmas) ++seen[phase_of(phases, sigma)];
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(seen[i], phases[i].steps) << "phase " << i << " of " << count;
  }
}

TEST(Phases, CountsOutsideTheStepsAreRefused) {
  EXPECT_ERROR(make_phases(kSigmas, 0), ErrorCode::kUsage, "1 to 7");
  EXPECT_ERROR(make_phases(kSigmas, 8), ErrorCode::kUsage, "phases 8");
}

TEST(Phases, BoundsBelongToTheLowerPhaseAndSigmaIsClamped) {
  const PhaseTable phases = make_phases(kSigmas, 3);
  EXPECT_EQ(phase_of(phases, 0.8126), 0U);
  EXPECT_EQ(phase_of(phases, 0.8125), 1U);
  EXPECT_EQ(phase_of(phases, 0.0), 2U);
  EXPECT_EQ(phase_of(phases, -0.5), 2U);
  EXPECT_EQ(phase_of(phases, 1.5), 0U);
}

TEST(Phases, CheckNamesTheFileAndTheFault) {
  EXPECT_ERROR(check_phases({}, "p.h5"), ErrorCode::kMalformed, "p.h5: no phases");
  const PhaseTable low{{0.9, 0.0, 1}};
  EXPECT_ERROR(check_phases(low, "p.h5"), ErrorCode::kMalformed, "must span 1 to 0");
  const PhaseTable gap{{1.0, 0.5, 1}, {0.4, 0.0, 1}};
  EXPECT_ERROR(check_phases(gap, "p.h5"), ErrorCode::kMalformed, "gap between phases 0 and 1");
  const PhaseTable flat{{1.0, 1.0, 1}, {1.0, 0.0, 1}};
  EXPECT_ERROR(check_phases(flat, "p.h5"), ErrorCode::kMalformed, "sigma must fall");
}

TEST(Vocabulary, GridsAndBranchesAsText) {
  const Grid grid{9, 12, 12};
  EXPECT_EQ(grid.tokens(), 1296);
  EXPECT_EQ(to_string(grid), "9x12x12");
  EXPECT_STREQ(to_string(Branch::kConditional), "conditional");
  EXPECT_STREQ(to_string(Branch::kUnconditional), "unconditional");
}

}  // namespace
}  // namespace wean
