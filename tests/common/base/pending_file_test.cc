// Publishing: the target holds the whole old or the whole new content, and nothing is left beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "tests/support/child.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::wean::testing::run_child;
using ::wean::testing::slurp;
using ::wean::testing::spill;
using ::wean::testing::TempDir;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(PendingFile, NothingIsVisibleBeforePublish) {
  const TempDir dir;
  PendingFile file(dir / "out", Overwrite::kRefuse);
  file.write(bytes_of("content"));
  EXPECT_FALSE(std::filesystem::exists(dir / "out"));
  EXPECT_EQ(slurp(file.temporary_path()), "content");
  EXPECT_EQ(file.temporary_path().parent_path(), dir.path());
  file.publish();
  EXPECT_THAT(dir.names(), ElementsAre("out"));
  EXPECT_EQ(slurp(dir / "out"), "content");
}

TEST(PendingFile, UnpublishedLeavesNothing) {
  const TempDir dir;
  spill(dir / "old", "old");
  {
    PendingFile fresh(dir / "new", Overwrite::kRefuse);
    PendingFile again(dir / "old", Overwrite::kReplace);
    again.write(bytes_of("lost"));
  }
  EXPECT_THAT(dir.names(), ElementsAre("old"));
  EXPECT_EQ(slurp(dir / "old"), "old");
}

TEST(PendingFile, ExistingIsKeptUnlessForced) {
  const TempDir dir;
  spill(dir / "out", "old");
  EXPECT_ERROR(PendingFile(dir / "out", Overwrite::kRefuse), ErrorCode::kUsage, "exists; --force");
  publish_text(dir / "out", "new", Overwrite::kReplace);
  EXPECT_EQ(slurp(dir / "out"), "new");
}

TEST(PendingFile, OneThatAppearsMeanwhileIsKeptToo) {
  const TempDir dir;
  PendingFile file(dir / "out", Overwrite::kRefuse);
  file.write(bytes_of("late"));
  spill(dir / "out", "early");
  EXPECT_ERROR(file.publish(), ErrorCode::kUsage, "exists; --force");
  EXPECT_EQ(slurp(dir / "out"), "early");
}

TEST(PendingFile, WritesAppendAndSeek) {
  const TempDir dir;
  PendingFile file(dir / "out", Overwrite::kRefuse);
  file.write(bytes_of("abcdef"));
  file.write_at(1, bytes_of("XY"));
  file.write(bytes_of("ghi"));
  file.write_at(11, bytes_of("z"));
  file.publish();
  EXPECT_EQ(slurp(dir / "out"), std::string("aXYdefghi\0\0z", 12));
}

TEST(PendingFile, ModeFollowsTheUmask) {
  const TempDir dir;
  for (const auto& [mask, mode] : {std::pair<mode_t, mode_t>{022, 0644}, {027, 0640}, {077, 0600}, {0, 0666}}) {
    const mode_t before = ::umask(mask);
    PendingFile file(dir / "out", Overwrite::kReplace);
    struct stat info = {};
    ASSERT_EQ(::stat(file.temporary_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    file.publish();
    ::umask(before);
    ASSERT_EQ(::stat((dir / "out").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, mode);
  }
}

TEST(PendingFile, FoldersThatDoNotExistAreNamed) {
  const TempDir dir;
  EXPECT_ERROR(PendingFile(dir / "no/out", Overwrite::kRefuse), ErrorCode::kIo, "no/out");
}

TEST(PendingFile, RelativeNamesStayInTheWorkingFolder) {
  const TempDir dir;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  publish_text("out", "here", Overwrite::kRefuse);
  std::filesystem::current_path(before);
  EXPECT_THAT(dir.names(), ElementsAre("out"));
}

// A file size limit stands in for a full disk: write fails after some bytes went through.
TEST(PendingFile, RunningOutOfSpaceLeavesTheOldFile) {
  const TempDir dir;
  spill(dir / "out", "old");
  const int code = run_child([&dir] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 98;
    try {
      publish_text(dir / "out", std::string(1500, 'n'), Overwrite::kReplace);
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return 0;
  });
  EXPECT_EQ(code, 6);
  EXPECT_THAT(dir.names(), ElementsAre("out"));
  EXPECT_EQ(slurp(dir / "out"), "old");
}

}  // namespace
}  // namespace wean
