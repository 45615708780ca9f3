#include "verify/clip_store.h"

#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean::verify {
namespace {

VerifyOptions options(const std::filesystem::path& output) {
  VerifyOptions o;
  o.masks = {"a.wean", "b.wean"};
  o.output = output;
  o.floors = true;
  return o;
}

/// Every figure different from every other.
ClipReport full_report() {
  ClipReport r;
  double value = 0.1;
  const auto closeness = [&] { return Closeness{value += 1, value += 1, value += 1, value / 3}; };
  r.dense = {value += 1, value += 1};
  r.sparse.resize(2);
  for (SparseClip& clip : r.sparse) {
    clip = {closeness(), {value += 1, value += 1}, {value += 1, value += 1, value += 1}, value += 1};
  }
  r.ceiling = closeness(), r.blurred = closeness(), r.still = closeness(), r.other_seed = closeness();
  return r;
}

void expect_equal(const Closeness& a, const Closeness& b) {
  EXPECT_EQ(a.psnr, b.psnr);
  EXPECT_EQ(a.ssim, b.ssim);
  EXPECT_EQ(a.flicker, b.flicker);
  EXPECT_EQ(a.latent_l2, b.latent_l2);
}

TEST(ClipStore, GivesBackEveryFigure) {
  const testing::TempDir folder;
  const ClipStore store(options(folder.path()), "run: 1\n");
  EXPECT_FALSE(store.find(3).has_value());
  const ClipReport kept = full_report();
  store.keep(3, kept);
  const std::optional<ClipReport> found = store.find(3);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->dense.attention, kept.dense.attention);
  EXPECT_EQ(found->dense.rest, kept.dense.rest);
  for (std::size_t mask = 0; mask < 2; ++mask) {
    expect_equal(found->sparse[mask].closeness, kept.sparse[mask].closeness);
    EXPECT_EQ(found->sparse[mask].recall.kept, kept.sparse[mask].recall.kept);
    EXPECT_EQ(found->sparse[mask].recall.oracle, kept.sparse[mask].recall.oracle);
    EXPECT_EQ(found->sparse[mask].recall.chance, kept.sparse[mask].recall.chance);
    EXPECT_EQ(found->sparse[mask].global_density, kept.sparse[mask].global_density);
  }
  expect_equal(*found->ceiling, *kept.ceiling);
  expect_equal(*found->blurred, *kept.blurred);
  expect_equal(*found->still, *kept.still);
  expect_equal(*found->other_seed, *kept.other_seed);
}

TEST(ClipStore, AnEarlierRunIsNeitherOverwrittenNorMixed) {
  const testing::TempDir folder;
  VerifyOptions o = options(folder.path());
  ClipStore(o, "steps: 20\n").keep(0, full_report());
  EXPECT_ERROR(ClipStore(o, "steps: 20\n"), ErrorCode::kUsage, "--resume continues it");
  o.resume = true;
  EXPECT_TRUE(ClipStore(o, "steps: 20\n").find(0).has_value());
  EXPECT_ERROR(ClipStore(o, "steps: 30\n"), ErrorCode::kResume, "'steps: 20' against 'steps: 30'");
  o.resume = false, o.force = true;
  EXPECT_FALSE(ClipStore(o, "steps: 30\n").find(0).has_value());
}

TEST(ClipStore, DamagedClipIsRefusedByLine) {
  const testing::TempDir folder;
  const ClipStore store(options(folder.path()), "run: 1\n");
  for (const char* text : {"", "dense.attention_seconds: 1\n", "dense.attention_seconds: x\n", "other: 1\n"}) {
    publish_text(folder / "finished" / "clip0000.txt", text, Overwrite::kReplace);
    EXPECT_ERROR(static_cast<void>(store.find(0)), ErrorCode::kMalformed, "clip0000.txt: line '");
  }
}

TEST(ClipStore, ForgettingRemovesTheFolder) {
  const testing::TempDir folder;
  ClipStore(options(folder.path()), "run: 1\n").keep(0, full_report());
  forget_finished_clips(options(folder.path()));
  EXPECT_FALSE(std::filesystem::exists(folder / "finished"));
}

}  // namespace
}  // namespace wean::verify
