#include "extract/run_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/base/error.h"

namespace wean::extract {
namespace {

class RunFolderTest : public testing::Test {
 protected:
  RunFolderTest() {
    base_ = std::filesystem::temp_directory_path() / ("wean-run-folder-" + std::to_string(::getpid()));
    std::filesystem::remove_all(base_);
    std::filesystem::create_directories(base_);
    options_.output = base_ / "profile.h5";
    meta_.phases = {{1, 0, 20}};
    meta_.recipe.seed = 1;
  }
  ~RunFolderTest() override { std::filesystem::remove_all(base_); }

  /// Code of the error that opening gives, 0 for none; its text is kept in message_.
  ErrorCode code_of_opening() {
    try {
      const RunFolder folder(options_, meta_, prompts_);
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    return ErrorCode{0};
  }

  std::filesystem::path base_;
  ExtractOptions options_;
  ProfileMeta meta_;
  std::vector<Prompt> prompts_{{"a", sha256("a")}, {"b", sha256("b")}};
  std::string message_;
};

TEST_F(RunFolderTest, SecondRunNeedsResumeOrForce) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  EXPECT_EQ(code_of_opening(), ErrorCode::kUsage);
  EXPECT_NE(message_.find("--resume"), std::string::npos);
  options_.resume = true;
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
}

TEST_F(RunFolderTest, ResumeOfAnotherRunSaysWhatDiffers) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  options_.resume = true;
  meta_.recipe.seed = 2;
  EXPECT_EQ(code_of_opening(), ErrorCode::kResume);
  EXPECT_NE(message_.find("'seed: 1' against 'seed: 2'"), std::string::npos) << message_;
}

TEST_F(RunFolderTest, OtherPromptsAreAnotherRun) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  options_.resume = true;
  prompts_.pop_back();
  EXPECT_EQ(code_of_opening(), ErrorCode::kResume);
}

TEST_F(RunFolderTest, ForceForgetsShardsAndManifest) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  std::ofstream(options_.output.string() + ".shards/" + to_hex(prompts_[0].digest) + ".h5") << "old";
  meta_.recipe.seed = 2;
  options_.force = true;
  const RunFolder folder(options_, meta_, prompts_);
  EXPECT_FALSE(std::filesystem::exists(folder.shard_path(prompts_[0].digest)));
}

TEST_F(RunFolderTest, LeftoversOfAKilledRunGo) {
  const RunFolder folder(options_, meta_, prompts_);
  const auto mine = folder.path() / ("." + to_hex(prompts_[0].digest) + ".h5.abc123");
  const auto other = folder.path() / ("." + to_hex(prompts_[1].digest) + ".h5.abc123");
  std::ofstream(mine) << "half";
  std::ofstream(other) << "half";
  folder.remove_leftovers(prompts_[0].digest);
  EXPECT_FALSE(std::filesystem::exists(mine));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_F(RunFolderTest, SameShardIndexIsLocked) {
  options_.shard_count = 2;
  const RunFolder folder(options_, meta_, prompts_);
  EXPECT_EQ(code_of_opening(), ErrorCode::kLocked);
  options_.shard_index = 1;
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
}

}  // namespace
}  // namespace wean::extract
