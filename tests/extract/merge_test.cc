#include "extract/merge.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "common/base/digest.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "extract/west.h"
#include "schemas/profile/shard.h"
#include "tests/extract/shards.h"

namespace wean::extract {
namespace {

using test::run_meta;

class MergeTest : public testing::Test {
 protected:
  MergeTest() : base_(std::filesystem::temp_directory_path() / ("wean-merge-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(base_);
    std::filesystem::create_directories(base_);
  }
  ~MergeTest() override { std::filesystem::remove_all(base_); }

  std::filesystem::path write_shard(const std::string& prompt, const ProfileMeta& meta = run_meta()) {
    const std::filesystem::path path = base_ / (prompt + ".h5");
    test::write_shard(path, sha256(prompt), meta);
    return path;
  }

  ErrorCode code_of_merging(const std::vector<std::filesystem::path>& shards) {
    try {
      merge_shards(shards, base_ / "refused.h5", false, {});
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode{0};
  }

  std::filesystem::path base_;
};

TEST_F(MergeTest, OrderOfShardsDoesNotMatter) {
  std::vector<std::filesystem::path> shards{write_shard("a"), write_shard("b"), write_shard("c")};
  merge_shards(shards, base_ / "one.h5", false, {});
  std::reverse(shards.begin(), shards.end());
  merge_shards(shards, base_ / "two.h5", false, {});
  EXPECT_EQ(read_file(base_ / "one.h5", 1 << 24), read_file(base_ / "two.h5", 1 << 24));
}

TEST_F(MergeTest, SumsSquaresAndLeastRanks) {
  const std::vector<std::filesystem::path> shards{write_shard("a"), write_shard("b")};
  const ProfileMeta meta = merge_shards(shards, base_ / "profile.h5", false, {});
  EXPECT_TRUE(std::is_sorted(meta.prompts.begin(), meta.prompts.end()));
  const SlabKey key{1, Branch::kConditional, 0, 1};
  const ShardSlab a = ShardReader(shards[0]).read(key);
  const ShardSlab b = ShardReader(shards[1]).read(key);
  const ProfileReader profile(base_ / "profile.h5");
  const std::vector<float> mass = profile.mass(key);
  const std::vector<float> square = profile.mass_square(key);
  const std::vector<float> error = profile.removal_error(key, 1);
  for (std::size_t i = 0; i < mass.size(); ++i) {
    EXPECT_FLOAT_EQ(mass[i], a.mass[i] + b.mass[i]);
    EXPECT_FLOAT_EQ(square[i], a.mass[i] * a.mass[i] + b.mass[i] * b.mass[i]);
    EXPECT_FLOAT_EQ(error[i], a.removal_error[i] + b.removal_error[i]);
  }
  const std::vector<float> least = profile.threshold(key, TopkScope::kRow);
  const std::vector<float> rank_a = rank_fractions(std::span(a.mass).first(9), meta.geometry(), TopkScope::kRow);
  const std::vector<float> rank_b = rank_fractions(std::span(b.mass).first(9), meta.geometry(), TopkScope::kRow);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_FLOAT_EQ(least[i], std::min(rank_a[i], rank_b[i]));
}

TEST_F(MergeTest, RefusesTheSamePromptTwice) {
  const auto shard = write_shard("a");
  std::filesystem::copy_file(shard, base_ / "copy.h5");
  EXPECT_EQ(code_of_merging({shard, base_ / "copy.h5"}), ErrorCode::kResume);
}

TEST_F(MergeTest, RefusesShardsOfAnotherRun) {
  const auto shard = write_shard("a");
  ProfileMeta other = run_meta();
  other.model.weights = sha256("other weights");
  EXPECT_EQ(code_of_merging({shard, write_shard("b", other)}), ErrorCode::kResume);
  other = run_meta();
  other.recipe.shift = 5;
  EXPECT_EQ(code_of_merging({shard, write_shard("c", other)}), ErrorCode::kResume);
  EXPECT_EQ(code_of_merging({}), ErrorCode::kUsage);
}

TEST_F(MergeTest, RefusesADamagedShard) {
  const auto shard = write_shard("a");
  std::filesystem::resize_file(shard, std::filesystem::file_size(shard) / 2);
  EXPECT_EQ(code_of_merging({shard}), ErrorCode::kMalformed);
}

TEST_F(MergeTest, ListsShardsAndSkipsTemporaries) {
  write_shard("a");
  std::ofstream(base_ / ".b.h5.tmp123") << "half";
  std::ofstream(base_ / "manifest.txt") << "text";
  EXPECT_EQ(list_shards({base_}).size(), 1u);
}

}  // namespace
}  // namespace wean::extract
