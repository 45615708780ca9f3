// Reading: MappedFile and read_file refuse what is not a plain file of the allowed size.
#include "common/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <utility>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using ::wean::testing::spill;
using ::wean::testing::TempDir;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HoldsTheBytes) {
  const TempDir dir;
  spill(dir / "a", std::string("x\0y", 3));
  const MappedFile file(dir / "a");
  EXPECT_EQ(text_of(file), std::string("x\0y", 3));
  EXPECT_EQ(file.path(), dir / "a");
}

TEST(MappedFile, EmptyFileIsAnEmptySpan) {
  const TempDir dir;
  spill(dir / "a", "");
  EXPECT_TRUE(MappedFile(dir / "a").bytes().empty());
}

TEST(MappedFile, MovesKeepTheBytes) {
  const TempDir dir;
  spill(dir / "a", "first");
  spill(dir / "b", "second");
  MappedFile a(dir / "a");
  MappedFile b(dir / "b");
  a = std::move(b);
  EXPECT_EQ(text_of(a), "second");
  const MappedFile c(std::move(a));
  EXPECT_EQ(text_of(c), "second");
}

TEST(MappedFile, BytesOutliveTheName) {
  const TempDir dir;
  spill(dir / "a", "still here");
  const MappedFile file(dir / "a");
  std::filesystem::remove(dir / "a");
  EXPECT_EQ(text_of(file), "still here");
}

TEST(Reading, MissingFilesAndFoldersAreIo) {
  const TempDir dir;
  EXPECT_ERROR(MappedFile(dir / "none"), ErrorCode::kIo, "none: cannot open: No such file");
  EXPECT_ERROR(MappedFile(dir.path()), ErrorCode::kIo, "not a regular file");
  EXPECT_ERROR(read_file(dir.path(), 100), ErrorCode::kIo, "not a regular file");
  EXPECT_ERROR(read_text("/dev/null", 100), ErrorCode::kIo, "not a regular file");
}

TEST(Reading, NamedPipesDoNotHang) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_ERROR(MappedFile(dir / "pipe"), ErrorCode::kIo, "not a regular file");
}

TEST(Reading, SizeLimitOnBothSides) {
  const TempDir dir;
  spill(dir / "a", "12345678");
  EXPECT_EQ(read_text(dir / "a", 8), "12345678");
  EXPECT_EQ(MappedFile(dir / "a", 8).bytes().size(), 8U);
  EXPECT_ERROR(read_text(dir / "a", 7), ErrorCode::kMalformed, "8 bytes; at most 7 are allowed");
  EXPECT_ERROR(MappedFile(dir / "a", 7), ErrorCode::kMalformed, "8 bytes; at most 7 are allowed");
}

}  // namespace
}  // namespace wean
