// decode(encode(x)) == x, equal content gives equal bytes, and the file's facts are right.
#include <gtest/gtest.h>

#include <bit>

#include "schemas/masks/layout.h"
#include "schemas/masks/payload.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

void expect_same(const test::Content& actual, const test::Content& expected) {
  ASSERT_EQ(actual.sections.size(), expected.sections.size());
  for (std::size_t i = 0; i < expected.sections.size(); ++i) {
    for (std::size_t head = 0; head < expected.sections[i].size(); ++head) {
      EXPECT_EQ(actual.sections[i][head].dense, expected.sections[i][head].dense) << i << ' ' << head;
      EXPECT_EQ(actual.sections[i][head].bits, expected.sections[i][head].bits) << i << ' ' << head;
    }
  }
  test::Content copy = expected;
  copy.meta.global_density = actual.meta.global_density;
  EXPECT_EQ(actual.meta, copy.meta);
}

TEST(MasksRoundTrip, SamplesComeBack) {
  for (const test::Content& content : {test::tiny_content(), test::golden_content()}) {
    const MaskReader reader(test::encode(content));
    expect_same(test::content_of(reader), content);
    EXPECT_NO_THROW(reader.validate());
  }
}

TEST(MasksRoundTrip, EqualContentGivesEqualBytes) {
  for (const test::Content& content : {test::tiny_content(), test::golden_content()}) {
    const auto bytes = test::encode(content);
    EXPECT_EQ(test::encode(content), bytes);
    EXPECT_EQ(test::encode_again(bytes), bytes);
  }
}

TEST(MasksRoundTrip, FullMapsBecomeDense) {
  test::Content content = test::tiny_content();
  const auto bytes = test::encode(content);
  content.sections[1][0] = {false, {0b111, 0b111, 0b111}};
  EXPECT_EQ(test::encode(content), bytes);
}

TEST(MasksRoundTrip, EqualBranchesDoNotDoubleTheFile) {
  test::Content content = test::golden_content();
  for (std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{5}}) {
    content.sections[i + 2] = content.sections[i];
  }
  const auto shared = test::encode(content);
  content.meta.branches = 1;
  content.sections = {content.sections[0], content.sections[1], content.sections[4], content.sections[5]};
  const auto single = test::encode(content);
  EXPECT_EQ(shared.size(), single.size() + 4 * masks::kEntryBytes);
  EXPECT_EQ(shared.size() % 64, single.size() % 64);
}

// Hand-computed: 10 tokens in blocks of 4, 4, 2. The band keeps rows 0: columns 0, 1; 1: all; 2: columns 1, 2.
TEST(MasksRoundTrip, DensitiesOfTheWorkedExample) {
  const MaskReader reader(test::encode(test::tiny_content()));
  const double band = (4.0 * 8 + 4.0 * 10 + 2.0 * 6) / 100;
  EXPECT_DOUBLE_EQ(reader.density({1, Branch::kConditional, 0, 0}, 1), band);
  EXPECT_DOUBLE_EQ(reader.density({1, Branch::kUnconditional, 0, 0}, 0), 1.0);
  EXPECT_DOUBLE_EQ(reader.phase_density(0), 1.0);
  EXPECT_DOUBLE_EQ(reader.phase_density(1), (1 + 2 * band) / 3);
  EXPECT_DOUBLE_EQ(reader.meta().global_density, (1 * 1.0 + 3 * (1 + 2 * band) / 3) / 4);
}

TEST(MasksRoundTrip, MapsOfManyShapes) {
  for (const std::int64_t width : {1, 31, 32, 33, 64, 95, 97}) {
    for (const std::int64_t block : {1, 3, 16}) {
      test::Content content = test::tiny_content();
      content.meta.grid = {1, 2, width};
      std::uint64_t seed = 7;
      content.meta.geometry = {2 * width, 2 * width, block, block + 1};
      for (auto& heads : content.sections) {
        for (HeadMask& head : heads) head = test::random_map(content.meta.geometry, .5, seed++);
      }
      content.sections[1] = content.sections[0];
      const MaskReader reader(test::encode(content));
      EXPECT_EQ(test::encode(test::content_of(reader)), test::encode(content)) << width << ' ' << block;
    }
  }
}

TEST(MasksRoundTrip, CountsAgreeWithASlowLoop) {
  const BlockGeometry geometry{1000, 700, 48, 9};
  const HeadMask mask = test::random_map(geometry, .4, 5);
  masks::MapCounts slow;
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v) {
      const std::uint32_t word = mask.bits[static_cast<std::size_t>(u * geometry.words() + v / 32)];
      if ((word >> (v % 32) & 1U) == 0) continue;
      ++slow.popcount;
      slow.kept_work += static_cast<std::uint64_t>(geometry.work(u, v));
    }
  }
  const masks::MapCounts fast = masks::count_map(mask.bits, geometry);
  EXPECT_EQ(fast.popcount, slow.popcount);
  EXPECT_EQ(fast.kept_work, slow.kept_work);
}

}  // namespace
}  // namespace wean
