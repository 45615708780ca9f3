// Writing to and reading from disk: publishing, order, table mode, mapping, many threads on one reader.
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "common/base/error.h"
#include "common/base/file.h"
#include "schemas/masks/head.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

class MasksFile : public testing::Test {
 protected:
  MasksFile() {
    std::string name = (std::filesystem::temp_directory_path() / "wean-masks-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~MasksFile() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::filesystem::path path(const char* name) const { return folder_ / name; }
  void write_file(const std::filesystem::path& target, const test::Content& content) {
    MaskWriter writer(target, content.meta, false);
    for (std::size_t i = 0; i < content.sections.size(); ++i) {
      writer.write(masks::section_key(content.meta, i), content.sections[i]);
    }
    density_ = writer.finish();
  }
  [[nodiscard]] std::size_t files() const {
    const auto entries = std::filesystem::directory_iterator(folder_);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  std::filesystem::path folder_;
  double density_ = 0;
};

template <typename Body>
void expect_error(ErrorCode code, const std::string& message, Body body) {
  try {
    body();
    FAIL() << "no error; expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
  }
}

TEST_F(MasksFile, DiskAndMemoryHaveTheSameBytes) {
  const test::Content content = test::golden_content();
  write_file(path("masks.wean"), content);
  EXPECT_EQ(read_file(path("masks.wean"), 1 << 20), test::encode(content));
  EXPECT_EQ(files(), 1U);
  EXPECT_DOUBLE_EQ(MaskReader(path("masks.wean")).meta().global_density, density_);
}

TEST_F(MasksFile, ADryRunCountsTheSameWithoutAFile) {
  const test::Content content = test::golden_content();
  write_file(path("masks.wean"), content);
  MaskWriter writer(content.meta);
  for (std::size_t i = 0; i < content.sections.size(); ++i) {
    writer.write(masks::section_key(content.meta, i), content.sections[i]);
  }
  EXPECT_DOUBLE_EQ(writer.finish(), density_);
  EXPECT_EQ(writer.totals().bytes, std::filesystem::file_size(path("masks.wean")));
  std::uint64_t slots = 0;
  std::set<std::uint64_t> offsets;
  for (const auto& section : masks::decode_head(read_file(path("masks.wean"), 1 << 20), "golden").sections) {
    if (offsets.insert(section.offset).second) slots += section.slots;
  }
  EXPECT_EQ(writer.totals().maps, slots);
  EXPECT_EQ(files(), 1U);
}

TEST_F(MasksFile, AllWaysOfOpeningAgree) {
  write_file(path("masks.wean"), test::golden_content());
  const auto expected = test::encode(test::golden_content());
  for (const VerifyMode verify : {VerifyMode::kFull, VerifyMode::kTable}) {
    for (const Residence residence : {Residence::kCopy, Residence::kMap}) {
      const MaskReader reader(path("masks.wean"), verify, residence);
      EXPECT_NO_THROW(reader.validate());
      EXPECT_EQ(test::encode(test::content_of(reader)), expected);
    }
  }
}

TEST_F(MasksFile, TableModeProvesAPayloadAtItsFirstRead) {
  auto bytes = test::encode(test::golden_content());
  bytes.back() ^= std::byte{1};
  publish_bytes(path("bad.wean"), bytes, Overwrite::kRefuse);
  expect_error(ErrorCode::kIntegrity, "bad.wean: section 7 (phase 1, branch 1, expert 0, layer 1)",
               [&] { const MaskReader reader(path("bad.wean")); });
  const MaskReader reader(path("bad.wean"), VerifyMode::kTable);
  EXPECT_FALSE(reader.bits({0, Branch::kConditional, 0, 0}, 0).empty());
  expect_error(ErrorCode::kIntegrity, "section 7", [&] { (void)reader.bits({1, Branch::kUnconditional, 0, 1}, 0); });
  expect_error(ErrorCode::kIntegrity, "section 7", [&] { reader.validate(); });
}

TEST_F(MasksFile, UnknownSitesAreNamed) {
  const MaskReader reader(test::encode(test::golden_content()));
  expect_error(ErrorCode::kUsage, "phase 2; allowed are 0 to 1", [&] { (void)reader.bits({2, {}, 0, 0}, 0); });
  expect_error(ErrorCode::kUsage, "branch 2; allowed", [&] {
    (void)reader.bits({0, static_cast<Branch>(2), 0, 0}, 0);
  });
  expect_error(ErrorCode::kUsage, "expert 1; allowed", [&] { (void)reader.bits({0, {}, 1, 0}, 0); });
  expect_error(ErrorCode::kUsage, "layer 2; allowed", [&] { (void)reader.density({0, {}, 0, 2}, 0); });
  expect_error(ErrorCode::kUsage, "head 4; allowed are 0 to 3", [&] { (void)reader.bits({0, {}, 0, 0}, 4); });
  expect_error(ErrorCode::kUsage, "phase 9; allowed", [&] { (void)reader.phase_density(9); });
}

TEST_F(MasksFile, WriterRefusesWhatDoesNotFit) {
  const test::Content content = test::golden_content();
  MaskWriter writer(path("masks.wean"), content.meta, false);
  const auto write = [&](SectionKey key, std::vector<HeadMask> heads) { writer.write(key, heads); };
  expect_error(ErrorCode::kSelfCheck, "expected section 0", [&] { write({1, {}, 0, 0}, content.sections[0]); });
  expect_error(ErrorCode::kSelfCheck, "3 heads; allowed are 4", [&] { write({}, std::vector<HeadMask>(3)); });
  auto heads = content.sections[0];
  heads[2].bits.pop_back();
  expect_error(ErrorCode::kSelfCheck, "head 2: 239 words; allowed are 240", [&] { write({}, heads); });
  heads = content.sections[0];
  heads[0].bits[2] |= 0x80000000;
  expect_error(ErrorCode::kSelfCheck, "head 0, row 0: a bit past the last column 79", [&] { write({}, heads); });
  expect_error(ErrorCode::kSelfCheck, "0 sections written; the file has 8", [&] { writer.finish(); });
  for (std::size_t i = 0; i < 8; ++i) writer.write(masks::section_key(content.meta, i), content.sections[i]);
  expect_error(ErrorCode::kSelfCheck, "section 8; the file has 8", [&] { write({}, content.sections[0]); });
}

TEST_F(MasksFile, NothingIsLeftOfAnUnfinishedFile) {
  { const MaskWriter writer(path("masks.wean"), test::golden_content().meta, false); }
  EXPECT_EQ(files(), 0U);
}

TEST_F(MasksFile, AnExistingFileIsKept) {
  write_file(path("masks.wean"), test::tiny_content());
  expect_error(ErrorCode::kUsage, "exists", [&] { write_file(path("masks.wean"), test::golden_content()); });
  EXPECT_EQ(read_file(path("masks.wean"), 1 << 20), test::encode(test::tiny_content()));
}

TEST_F(MasksFile, WriterNamesTheFieldOfABadMeta) {
  test::Content content = test::tiny_content();
  content.meta.geometry.k_tokens = 11;
  expect_error(ErrorCode::kUsage, "geometry of 10 x 11 tokens; the grid 1x2x5 has 10",
               [&] { (void)test::encode(content); });
  content = test::tiny_content();
  content.meta.phases[0].steps = content.meta.phases[1].steps = 0;
  expect_error(ErrorCode::kUsage, "no phase has a step", [&] { (void)test::encode(content); });
  content = test::tiny_content();
  content.meta.model.layers = 4096;
  content.meta.model.experts = 64;
  content.meta.branches = 1;
  content.meta.phases.assign(5, {1, 0, 1});
  for (std::size_t i = 0; i < 5; ++i)
    content.meta.phases[i] = {1.0 - 0.2 * double(i), i == 4 ? 0 : 1.0 - 0.2 * double(i + 1), 1};
  expect_error(ErrorCode::kUsage, "sections at byte 32: 1310720", [&] { (void)test::encode(content); });
}

TEST_F(MasksFile, FilesThatAreNoFilesAreRefused) {
  expect_error(ErrorCode::kIo, "cannot open", [&] { const MaskReader reader(path("none.wean")); });
  expect_error(ErrorCode::kIo, "not a regular file", [&] { const MaskReader reader(folder_); });
  publish_text(path("empty.wean"), "", Overwrite::kRefuse);
  for (const Residence residence : {Residence::kCopy, Residence::kMap}) {
    expect_error(ErrorCode::kMalformed, "empty.wean: 0 bytes",
                 [&] { const MaskReader reader(path("empty.wean"), VerifyMode::kFull, residence); });
  }
}

TEST_F(MasksFile, ThreadsShareAReaderInTableMode) {
  write_file(path("masks.wean"), test::golden_content());
  const MaskReader reader(path("masks.wean"), VerifyMode::kTable);
  const auto expected = test::encode(test::golden_content());
  std::vector<std::thread> team;
  for (int i = 0; i < 8; ++i) {
    team.emplace_back([&] { EXPECT_EQ(test::encode(test::content_of(reader)), expected); });
  }
  for (std::thread& thread : team) thread.join();
}

}  // namespace
}  // namespace wean
