// From a synthetic profile and an invented plan to a mask file and back through the public reader.
#include "pack/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/base/file.h"
#include "schemas/masks/masks.h"
#include "schemas/plan/cut.h"
#include "tests/pack/plans.h"
#include "tests/support/child.h"
#include "tests/support/expect_error.h"
#include "tests/support/synthetic_profile.h"
#include "tests/support/temp_dir.h"

namespace wean::pack {
namespace {

using wean::testing::make_plan;
using wean::testing::mixed_rule;
using wean::testing::uniform_rule;

/// A profile of 168 tokens in blocks of 16 (ragged: 11 x 11 pairs), 3 phases, 2 layers, 4 heads.
class Pack : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new wean::testing::TempDir;
    wean::testing::SyntheticOptions options;
    options.grid = {4, 6, 7};
    wean::testing::write_synthetic_profile(profile_path(), options);
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::filesystem::path profile_path() { return *folder_ / "profile.h5"; }
  static std::filesystem::path plan_path() { return *folder_ / "plan.h5"; }

  static Plan plan_of(const wean::testing::RowRule& rule) {
    const ProfileReader profile(profile_path());
    return make_plan(profile.meta(), profile.content_digest(), rule);
  }
  /// Writes the plan and packs it.
  PackReport pack(const Plan& plan, PackRequest request = {}) {
    write_plan(plan_path(), plan, true);
    request.plan = plan_path();
    request.profile = profile_path();
    request.output = output();
    return run(request, {});
  }
  [[nodiscard]] std::filesystem::path output() const { return out_ / "masks.wean"; }

  static wean::testing::TempDir* folder_;
  wean::testing::TempDir out_;
};
wean::testing::TempDir* Pack::folder_ = nullptr;

PackRequest to_block(std::int64_t query, std::int64_t key) {
  PackRequest request;
  request.target.block = BlockSize{query, key};
  return request;
}

TEST_F(Pack, EverySiteKeepsItsShareWithinHalfAPair) {
  const Plan plan = plan_of(mixed_rule);
  for (const auto& [query, key] : {std::pair{16, 16}, {32, 16}, {32, 32}, {8, 8}, {48, 16}}) {
    PackRequest request = to_block(query, key);
    request.overwrite = true;
    (void)pack(plan, request);
    const MaskReader masks(output());
    const BlockGeometry geometry{168, 168, query, key};
    ASSERT_EQ(masks.meta().geometry, geometry);
    const double pair = static_cast<double>(geometry.work(0, 0)) / static_cast<double>(geometry.total_work());
    for (const PlanRow& row : plan.rows) {
      const double density = masks.density({row.phase, row.branch, row.expert, row.layer}, row.head);
      EXPECT_NEAR(density, row.keep, pair / 2 + 1e-9)
          << query << "x" << key << " phase " << row.phase << " head " << row.head;
    }
  }
}

TEST_F(Pack, ReportSaysWhatTheFileHolds) {
  const Plan plan = plan_of(mixed_rule);
  const PackReport report = pack(plan);
  const MaskReader masks(output());
  EXPECT_DOUBLE_EQ(report.planned, plan.global_density);
  EXPECT_NEAR(report.realised, masks.meta().global_density, 1e-12);
  EXPECT_NEAR(report.realised, report.planned, kDensityTolerance);
  EXPECT_EQ(report.bytes, std::filesystem::file_size(output()));
  EXPECT_EQ(report.sites, plan.rows.size());
  const auto dense =
      std::count_if(plan.rows.begin(), plan.rows.end(), [](const PlanRow& row) { return row.rule == Rule::kDense; });
  EXPECT_EQ(report.dense, static_cast<std::uint64_t>(dense));
  ASSERT_EQ(report.phases.size(), 3U);
  for (std::uint32_t phase = 0; phase < 3; ++phase) {
    EXPECT_NEAR(report.phases[phase].realised, masks.phase_density(phase), 1e-12);
    EXPECT_GT(report.phases[phase].recall, report.phases[phase].realised);
    EXPECT_LE(report.phases[phase].recall, 1.0);
  }
}

TEST_F(Pack, MetaComesFromPlanAndProfile) {
  const Plan plan = plan_of(mixed_rule);
  (void)pack(plan);
  const MaskReader masks(output());
  EXPECT_EQ(masks.meta().model, plan.model);
  EXPECT_EQ(masks.meta().grid, plan.grid);
  ASSERT_EQ(masks.meta().phases.size(), plan.phases.size());
  for (std::size_t i = 0; i < plan.phases.size(); ++i) {
    EXPECT_EQ(masks.meta().phases[i],
              (Phase{plan.phases[i].sigma_high, plan.phases[i].sigma_low, plan.phases[i].steps}));
  }
  const auto bytes = read_file(plan_path(), 1 << 20);
  EXPECT_EQ(masks.meta().recipe, recipe_digest(bytes, {plan.grid, square_blocks(168, 16)}, Transfer::kScores));
  EXPECT_NE(masks.meta().recipe, recipe_digest(bytes, {plan.grid, square_blocks(168, 16)}, Transfer::kPaper));
}

TEST_F(Pack, UnprofiledBranchSharesTheMasksOfTheConditionalOne) {
  const Plan plan = plan_of(mixed_rule);
  const PackReport report = pack(plan);
  const MaskReader masks(output());
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    for (std::uint32_t head = 0; head < 4; ++head) {
      const auto a = masks.bits({1, Branch::kConditional, 0, layer}, head);
      const auto b = masks.bits({1, Branch::kUnconditional, 0, layer}, head);
      EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    }
  }
  EXPECT_EQ(report.stored, (report.sites - report.dense) / 2);
}

TEST_F(Pack, PooledScoreGivesOneMapForAllPhases) {
  const PackReport report = pack(plan_of(uniform_rule(Score::kMassPooled, CutScope::kRow, 0.4)));
  const MaskReader masks(output());
  for (std::uint32_t head = 0; head < 4; ++head) {
    const auto first = masks.bits({0, Branch::kConditional, 0, 1}, head);
    for (std::uint32_t phase = 1; phase < 3; ++phase) {
      const auto other = masks.bits({phase, Branch::kConditional, 0, 1}, head);
      EXPECT_TRUE(std::equal(first.begin(), first.end(), other.begin(), other.end()));
    }
  }
  EXPECT_EQ(report.stored, report.sites / 6);
  EXPECT_NE(report.phases[0].recall, report.phases[2].recall);
}

bool kept(const MaskReader& masks, const SectionKey& key, std::uint32_t head, std::int64_t u, std::int64_t v) {
  const auto bits = masks.bits(key, head);
  const auto words = static_cast<std::size_t>(masks.meta().geometry.words());
  return bits.empty() ||
         ((bits[static_cast<std::size_t>(u) * words + static_cast<std::size_t>(v / 32)] >> (v % 32)) & 1U) != 0;
}

TEST_F(Pack, RowFloorAndDiagonalAreHonouredAtTheTarget) {
  Plan plan = plan_of(uniform_rule(Score::kMass, CutScope::kMap, 0.35));
  plan.row_floor = 0.25;
  plan.keep_diagonal = true;
  (void)pack(plan, to_block(32, 16));
  const MaskReader masks(output());
  const BlockGeometry& geometry = masks.meta().geometry;
  for (std::uint32_t head = 0; head < 4; ++head) {
    for (std::int64_t u = 0; u < geometry.rows(); ++u) {
      std::int64_t count = 0;
      for (std::int64_t v = 0; v < geometry.cols(); ++v) {
        const bool keep = kept(masks, {0, Branch::kConditional, 0, 0}, head, u, v);
        count += keep ? 1 : 0;
        const bool diagonal = v * 16 < u * 32 + 32 && u * 32 < v * 16 + 16;
        EXPECT_TRUE(keep || !diagonal) << u << ", " << v;
      }
      EXPECT_GE(count, 3) << "a quarter of 11 columns";  // ceil(2.75)
    }
  }
}

TEST_F(Pack, RefusesADensityThatTheTargetsBlocksCannotHold) {
  Plan plan = plan_of(uniform_rule(Score::kMass, CutScope::kMap, 0.2));
  plan.keep_diagonal = true;
  EXPECT_NO_THROW((void)pack(plan));
  PackRequest request = to_block(64, 64);  // 3 x 3 pairs: the diagonal alone is .36 of the work
  request.overwrite = true;
  EXPECT_ERROR(pack(plan, request), ErrorCode::kOutOfReach, "from the planned 0.2");
  EXPECT_EQ(MaskReader(output()).meta().geometry.q_block, 16) << "the earlier file must stay";
  EXPECT_EQ(out_.names().size(), 1U);
}

TEST_F(Pack, PaperTransferInflatesDensityAndSaysSo) {
  const Plan plan = plan_of(uniform_rule(Score::kMass, CutScope::kMap, 0.3));
  PackRequest request = to_block(32, 32);
  request.transfer = Transfer::kPaper;
  const PackReport joined = pack(plan, request);
  EXPECT_NEAR(joined.planned, 0.3, 1e-12);
  EXPECT_GT(joined.realised, 0.36);
  EXPECT_NEAR(joined.realised, MaskReader(output()).meta().global_density, 1e-12);
  request = {};
  request.overwrite = true;
  request.transfer = Transfer::kPaper;
  request.target.grid = Grid{4, 9, 10};
  EXPECT_GT(pack(plan, request).realised, 0.36);
}

TEST_F(Pack, PaperTransferWithoutAnyTransferIsTheCut) {
  const Plan plan = plan_of(mixed_rule);
  PackRequest request;
  (void)pack(plan, request);
  const MaskReader scores(output());
  request.transfer = Transfer::kPaper;
  request.overwrite = true;
  (void)pack(plan, request);
  const MaskReader paper(output());
  for (const PlanRow& row : plan.rows) {
    const SectionKey key{row.phase, row.branch, row.expert, row.layer};
    const auto a = scores.bits(key, row.head);
    const auto b = paper.bits(key, row.head);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  }
}

TEST_F(Pack, BytesDoNotDependOnThreads) {
  const Plan plan = plan_of(mixed_rule);
  std::vector<std::byte> first;
  for (const int threads : {1, 2, 3, 8}) {
    PackRequest request = to_block(32, 16);
    request.target.grid = Grid{3, 8, 9};
    request.threads = threads;
    request.overwrite = true;
    (void)pack(plan, request);
    const auto bytes = read_file(output(), 1 << 24);
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes, first) << threads << " threads";
  }
}

TEST_F(Pack, DryRunKnowsTheExactSizeAndWritesNothing) {
  const Plan plan = plan_of(mixed_rule);
  PackRequest request = to_block(32, 16);
  request.dry_run = true;
  const PackReport dry = pack(plan, request);
  EXPECT_TRUE(out_.names().empty());
  request.dry_run = false;
  const PackReport wet = pack(plan, request);
  EXPECT_EQ(dry.bytes, wet.bytes);
  EXPECT_EQ(dry.bytes, std::filesystem::file_size(output()));
  EXPECT_EQ(dry.stored, wet.stored);
  EXPECT_EQ(dry.realised, wet.realised);
}

TEST_F(Pack, RefusesAPlanOfAnotherProfile) {
  Plan plan = plan_of(mixed_rule);
  const std::string ours = short_hex(plan.profile);
  plan.profile = sha256("another profile");
  EXPECT_ERROR(pack(plan), ErrorCode::kFingerprint,
               "profile " + short_hex(plan.profile) + ", but --profile has " + ours);
  EXPECT_TRUE(out_.names().empty());
}

TEST_F(Pack, RefusesAPlanWhoseModelIsNotTheProfiles) {
  Plan plan = plan_of(mixed_rule);
  plan.model.weights = sha256("other weights");
  EXPECT_ERROR(pack(plan), ErrorCode::kFingerprint, "model, grid");
}

TEST_F(Pack, RefusesAPhaseThatTheProfileLacks) {
  Plan plan = plan_of(mixed_rule);
  plan.phases.back().profile_phase = 3;
  EXPECT_ERROR(pack(plan), ErrorCode::kMalformed, "profile_phase 3; the profile has 3 phases");
}

TEST_F(Pack, KeepsWhatIsThereUnlessToldToReplaceIt) {
  wean::testing::spill(output(), "old");
  const Plan plan = plan_of(mixed_rule);
  EXPECT_ERROR(pack(plan), ErrorCode::kUsage, "--force");
  EXPECT_EQ(wean::testing::slurp(output()), "old");
  PackRequest request;
  request.overwrite = true;
  EXPECT_NO_THROW((void)pack(plan, request));
  EXPECT_NO_THROW(MaskReader(output()).validate());
}

TEST_F(Pack, ASecondWriterIsRefused) {
  write_plan(plan_path(), plan_of(mixed_rule), true);
  const WriterLock lock(output());
  const int code = wean::testing::run_child([&] {
    PackRequest request;
    request.plan = plan_path();
    request.profile = profile_path();
    request.output = output();
    try {
      (void)run(request, {});
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return 0;
  });
  EXPECT_EQ(code, static_cast<int>(ErrorCode::kLocked));
}

TEST_F(Pack, AnErrorInTheMiddleLeavesNothing) {
  write_plan(plan_path(), plan_of(mixed_rule), true);
  PackRequest request;
  request.plan = plan_path();
  request.profile = profile_path();
  request.output = output();
  const ProgressCallback stop = [](const ProgressEvent& event) {
    if (event.done == 4) fail(ErrorCode::kStopped, "stopped in a test");
  };
  EXPECT_ERROR(run(request, stop), ErrorCode::kStopped, "stopped");
  EXPECT_TRUE(out_.names().empty());
}

TEST_F(Pack, PhasesThatShareStatisticsShareMasks) {
  Plan plan = plan_of(uniform_rule(Score::kThresholdRow, CutScope::kRow, 0.5));
  plan.phases[1].profile_phase = 0;
  (void)pack(plan);
  const MaskReader masks(output());
  const auto a = masks.bits({0, Branch::kConditional, 0, 1}, 2);
  const auto b = masks.bits({1, Branch::kConditional, 0, 1}, 2);
  const auto c = masks.bits({2, Branch::kConditional, 0, 1}, 2);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
  EXPECT_FALSE(std::equal(a.begin(), a.end(), c.begin(), c.end()));
}

}  // namespace
}  // namespace wean::pack
