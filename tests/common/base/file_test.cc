// Reading: MappedFile and read_file refuse what is not a plain file of the allowed size.
#include "common/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>
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

std::string read_of(const StableFile& file, std::uint64_t offset, std::size_t size) {
  std::string out(size, '?');
  file.read(offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

TEST(StableFile, ReadsPieces) {
  const TempDir dir;
  spill(dir / "a", "0123456789");
  const StableFile file(dir / "a");
  EXPECT_EQ(file.size(), 10U);
  EXPECT_EQ(read_of(file, 3, 4), "3456");
  EXPECT_EQ(read_of(file, 0, 10), "0123456789");
  EXPECT_EQ(read_of(file, 10, 0), "");
  EXPECT_ERROR(read_of(file, 7, 4), ErrorCode::kIo, "a: ends before byte 11");
  EXPECT_ERROR(StableFile(dir / "none"), ErrorCode::kIo, "none: cannot open: No such file");
  EXPECT_ERROR(StableFile(dir / "a", 9), ErrorCode::kMalformed, "10 bytes; at most 9 are allowed");
}

TEST(StableFile, AChangedFileIsAnErrorNotASignal) {
  const TempDir dir;
  const auto changed = [&](const std::function<void()>& change) {
    spill(dir / "a", std::string(20'000, 'x'));
    const StableFile file(dir / "a");
    EXPECT_EQ(read_of(file, 19'999, 1), "x");
    change();
    EXPECT_ERROR(read_of(file, 0, 20'000), ErrorCode::kIo, "a: was changed while it was being read");
  };
  changed([&] { std::filesystem::resize_file(dir / "a", 100); });
  changed([&] { std::filesystem::resize_file(dir / "a", 30'000); });
  changed([&] {
    spill(dir / "b", std::string(20'000, 'y'));
    std::filesystem::rename(dir / "b", dir / "a");
  });
  changed([&] {
    const auto time = std::filesystem::last_write_time(dir / "a");
    std::fstream(dir / "a") << "y";
    std::filesystem::last_write_time(dir / "a", time + std::chrono::milliseconds(1));
  });
}

TEST(StableFile, DigestOfAFileIsThatOfItsBytes) {
  const TempDir dir;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, (std::size_t{1} << 20) + 7}) {
    const std::string text(size, 'z');
    spill(dir / "a", text);
    EXPECT_EQ(digest_of_file(dir / "a"), sha256(text));
  }
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

TEST(FileCopy, PiecesFromSeveralThreadsMakeTheFile) {
  const TempDir dir;
  std::vector<std::byte> content(100'003);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i * i >> 3);
  publish_bytes(dir.path() / "f", content, Overwrite::kRefuse);
  FileCopy copy(dir.path() / "f", 1 << 20);
  const std::vector<std::byte> start = copy.start(10);
  EXPECT_EQ(start, std::vector<std::byte>(content.begin(), content.begin() + 10));
  copy.begin(start);
  std::vector<std::thread> team;
  for (std::uint64_t piece = 0; piece < 4; ++piece) {
    team.emplace_back([&copy, piece] { copy.read(10 + piece * 30'000, 30'000); });
  }
  for (std::thread& thread : team) thread.join();
  EXPECT_TRUE(std::equal(content.begin(), content.end(), copy.bytes().begin(), copy.bytes().end()));
  const FileCopy moved = std::move(copy);
  EXPECT_EQ(moved.bytes()[99'999], content[99'999]);
}

TEST(FileCopy, Errors) {
  const TempDir dir;
  publish_bytes(dir.path() / "f", std::vector<std::byte>(100), Overwrite::kRefuse);
  EXPECT_ERROR(FileCopy(dir.path() / "f", 99), ErrorCode::kMalformed, "at most 99");
  EXPECT_ERROR(FileCopy(dir.path(), 99), ErrorCode::kIo, "not a regular file");
  FileCopy copy(dir.path() / "f", 100);
  copy.begin({});
  std::filesystem::resize_file(dir.path() / "f", 50);
  EXPECT_ERROR(copy.read(0, 100), ErrorCode::kIo, "shrank while being read");
}

}  // namespace
}  // namespace wean
