#include "extract/run_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "common/base/error.h"
#include "tests/extract/shards.h"
#include "tests/support/expect_error.h"

namespace wean::extract {
namespace {

class RunFolderTest : public ::testing::Test {
 protected:
  RunFolderTest() {
    base_ = std::filesystem::temp_directory_path() / ("wean-run-folder-" + std::to_string(::getpid()));
    std::filesystem::remove_all(base_);
    std::filesystem::create_directories(base_);
    options_.output = base_ / "profile.h5";
    meta_.recipe.seed = 1;
  }
  ~RunFolderTest() override { std::filesystem::remove_all(base_); }

  /// Code of the error that opening gives, 0 for none; its text is kept in message_.
  ErrorCode code_of_opening() {
    try {
      const RunFolder folder(options_, meta_, text_);
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    return ErrorCode{0};
  }

  std::filesystem::path base_;
  ExtractOptions options_;
  ProfileMeta meta_ = test::run_meta();
  RunText text_{{{"a", sha256("a")}, {"b", sha256("b")}}, {sha256("ea"), sha256("eb")}, sha256("none")};
  std::vector<Prompt>& prompts_ = text_.prompts;
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
  text_.prompts.pop_back();
  EXPECT_EQ(code_of_opening(), ErrorCode::kResume);
}

TEST_F(RunFolderTest, ForceForgetsShardsAndManifest) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  std::ofstream(options_.output.string() + ".shards/" + to_hex(prompts_[0].digest) + ".h5") << "old";
  meta_.recipe.seed = 2;
  options_.force = true;
  const RunFolder folder(options_, meta_, text_);
  EXPECT_FALSE(std::filesystem::exists(folder.shard_path(prompts_[0].digest)));
}

TEST_F(RunFolderTest, LeftoversOfAKilledRunGo) {
  const RunFolder folder(options_, meta_, text_);
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
  const RunFolder folder(options_, meta_, text_);
  EXPECT_EQ(code_of_opening(), ErrorCode::kLocked);
  options_.shard_index = 1;
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
}

TEST_F(RunFolderTest, OtherEmbeddingsAreAnotherRun) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  options_.resume = true;
  text_.embeddings[1] = sha256("another text encoder");
  EXPECT_EQ(code_of_opening(), ErrorCode::kResume);
  EXPECT_NE(message_.find("embedding"), std::string::npos) << message_;
}

TEST_F(RunFolderTest, NobodyStartsAgainOrJoinsOtherwiseBesideALiveRun) {
  options_.shard_count = 2;
  const RunFolder live(options_, meta_, text_);
  options_.shard_count = 1;
  for (const auto& [resume, force] : {std::pair{true, false}, {false, true}}) {
    options_.resume = resume, options_.force = force;
    EXPECT_EQ(code_of_opening(), ErrorCode::kLocked) << message_;
  }
  options_.shard_count = 3, options_.force = false;
  EXPECT_EQ(code_of_opening(), ErrorCode::kLocked);
}

TEST_F(RunFolderTest, ForceRemovesNothingThatIsNotOurs) {
  const auto folder = std::filesystem::path(options_.output.string() + ".shards");
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  for (const char* name : {"important.txt", "other.h5", ".hidden"}) std::ofstream(folder / name) << "keep";
  std::filesystem::create_directory(folder / "sub");
  options_.force = true;
  EXPECT_EQ(code_of_opening(), ErrorCode{0}) << message_;
  for (const char* name : {"important.txt", "other.h5", ".hidden", "sub"})
    EXPECT_TRUE(std::filesystem::exists(folder / name)) << name;
}

TEST_F(RunFolderTest, ShardsWithoutAManifestAreAnEarlierRun) {
  EXPECT_EQ(code_of_opening(), ErrorCode{0});
  const auto folder = std::filesystem::path(options_.output.string() + ".shards");
  test::write_shard(folder / (to_hex(prompts_[0].digest) + ".h5"), prompts_[0].digest, meta_);
  std::filesystem::remove(folder / "manifest.txt");
  EXPECT_EQ(code_of_opening(), ErrorCode::kUsage);
}

TEST_F(RunFolderTest, FoundShardsAreProvenToBeOfThisRun) {
  const RunFolder folder(options_, meta_, text_);
  const Digest prompt = prompts_[0].digest;
  EXPECT_FALSE(folder.has_shard(prompt));
  test::write_shard(folder.shard_path(prompt), prompt, meta_);
  EXPECT_TRUE(folder.has_shard(prompt));
  ProfileMeta other = meta_;
  other.recipe.seed = 9;
  test::write_shard(folder.shard_path(prompt), prompt, other);
  EXPECT_ERROR(static_cast<void>(folder.has_shard(prompt)), ErrorCode::kResume, "'seed: 9' against 'seed: 1'");
  test::write_shard(folder.shard_path(prompt), prompts_[1].digest, meta_);
  EXPECT_ERROR(static_cast<void>(folder.has_shard(prompt)), ErrorCode::kResume, "its name says");
  std::ofstream(folder.shard_path(prompt)) << "damaged";
  EXPECT_ERROR(static_cast<void>(folder.has_shard(prompt)), ErrorCode::kMalformed, "delete this shard");
}

TEST_F(RunFolderTest, MissingPromptsAreFoundOverSeveralFolders) {
  const RunFolder one(options_, meta_, text_);
  EXPECT_EQ(missing_prompts({one.path()}).size(), 2U);
  test::write_shard(one.shard_path(prompts_[0].digest), prompts_[0].digest, meta_);
  EXPECT_EQ(missing_prompts({one.path()}), std::vector<std::string>{short_hex(prompts_[1].digest)});
  options_.output = base_ / "second.h5";
  const RunFolder two(options_, meta_, text_);
  test::write_shard(two.shard_path(prompts_[1].digest), prompts_[1].digest, meta_);
  EXPECT_TRUE(missing_prompts({one.path(), two.path()}).empty());
  options_.output = base_ / "third.h5";
  text_.no_prompt = sha256("another");
  const RunFolder three(options_, meta_, text_);
  EXPECT_ERROR(static_cast<void>(missing_prompts({one.path(), three.path()})), ErrorCode::kResume, "other embeddings");
}

}  // namespace
}  // namespace wean::extract
