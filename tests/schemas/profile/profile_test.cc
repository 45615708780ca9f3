#include "schemas/profile/profile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "common/base/file.h"
#include "schemas/profile/code16.h"
#include "schemas/profile/shard.h"
#include "tests/support/expect_error.h"
#include "tests/support/synthetic_profile.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using testing::SyntheticOptions;

class ProfileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_ / name; }

 private:
  testing::TempDir folder_;
};

TEST_F(ProfileTest, ReadsBackWhatWasWritten) {
  const SyntheticOptions options{.experts = 2, .branches = {Branch::kConditional, Branch::kUnconditional}};
  const ProfileMeta meta = testing::write_synthetic_profile(path("p.h5"), options);
  const ProfileReader reader(path("p.h5"));
  EXPECT_EQ(reader.meta(), meta);
  for (const SlabKey& key : all_keys(meta)) {
    const ProfileSlab slab = testing::synthetic_slab(meta, key);
    EXPECT_EQ(reader.mass(key), slab.mass);
    EXPECT_EQ(reader.mass_square(key), slab.mass_square);
    EXPECT_EQ(reader.threshold(key, TopkScope::kRow), slab.threshold_row);
    EXPECT_EQ(reader.threshold(key, TopkScope::kMap), slab.threshold_map);
    EXPECT_EQ(reader.removal_error(key, 1), slab.removal_error);
    EXPECT_EQ(reader.removal_error(key, 2), slab.removal_error_wide);
    EXPECT_EQ(reader.rows(key), slab.rows);
  }
}

TEST_F(ProfileTest, OrderOfWritesDoesNotShow) {
  const ProfileMeta meta = testing::write_synthetic_profile(path("a.h5"), {});
  std::vector<SlabKey> keys = all_keys(meta);
  std::reverse(keys.begin(), keys.end());
  ::sleep(1);
  ProfileWriter writer(path("b.h5"), meta, false);
  for (const SlabKey& key : keys) writer.write(key, testing::synthetic_slab(meta, key));
  writer.finish();
  EXPECT_EQ(read_file(path("a.h5"), 1 << 28), read_file(path("b.h5"), 1 << 28));
  EXPECT_EQ(ProfileReader(path("a.h5")).content_digest(), ProfileReader(path("b.h5")).content_digest());
}

TEST_F(ProfileTest, MissingAndRepeatedSlabsAreRefused) {
  const ProfileMeta meta = testing::synthetic_meta({});
  ProfileWriter writer(path("p.h5"), meta, false);
  const SlabKey first{};
  writer.write(first, testing::synthetic_slab(meta, first));
  EXPECT_ERROR(writer.write(first, testing::synthetic_slab(meta, first)), ErrorCode::kUsage, "was written already");
  EXPECT_ERROR(writer.finish(), ErrorCode::kSelfCheck, "was never written");
  EXPECT_FALSE(std::filesystem::exists(path("p.h5")));
}

TEST_F(ProfileTest, ShardHoldsItsValuesWithinTheEncoding) {
  const ProfileMeta meta = testing::synthetic_meta({});
  testing::write_synthetic_shard(path("s.h5"), meta, 1);
  const ShardReader reader(path("s.h5"));
  EXPECT_EQ(reader.meta(), testing::shard_meta(meta, 1));
  for (const SlabKey& key : all_keys(meta)) {
    const ShardSlab exact = testing::synthetic_shard_slab(meta, 1, key);
    const ShardSlab slab = reader.read(key);
    const auto expect_near = [](const std::vector<float>& got, const std::vector<float>& want) {
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LE(std::abs(got[i] - want[i]), want[i] / 1024) << i;
    };
    expect_near(slab.mass, exact.mass);
    expect_near(slab.removal_error, exact.removal_error);
    expect_near(slab.removal_error_wide, exact.removal_error_wide);
    expect_near(slab.rows.mass, exact.rows.mass);
    EXPECT_EQ(slab.rows.token, exact.rows.token);
  }
}

TEST_F(ProfileTest, RewritingADecodedShardGivesTheSameBytes) {
  const ProfileMeta meta = testing::synthetic_meta({});
  testing::write_synthetic_shard(path("a.h5"), meta, 0);
  const ShardReader reader(path("a.h5"));
  ShardWriter writer(path("b.h5"), reader.meta(), false);
  for (const SlabKey& key : all_keys(meta)) writer.write(key, reader.read(key));
  writer.finish();
  EXPECT_EQ(read_file(path("a.h5"), 1 << 28), read_file(path("b.h5"), 1 << 28));
}

TEST_F(ProfileTest, ShardIsNoProfile) {
  testing::write_synthetic_shard(path("s.h5"), testing::synthetic_meta({}), 0);
  EXPECT_ERROR(ProfileReader(path("s.h5")), ErrorCode::kMalformed, "kind 'wean-shard'; 'wean-profile' is needed here");
}

}  // namespace
}  // namespace wean
