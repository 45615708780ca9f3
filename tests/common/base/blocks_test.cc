#include "common/base/blocks.h"

#include <gtest/gtest.h>

namespace wean {
namespace {

// 9x12x12 tokens in blocks of 128: ten whole blocks and one of 16.
TEST(Blocks, RaggedTailOfTheTinyGrid) {
  const BlockGeometry blocks = square_blocks(1296, 128);
  EXPECT_EQ(blocks.rows(), 11);
  EXPECT_EQ(blocks.cols(), 11);
  EXPECT_EQ(blocks.pairs(), 121);
  EXPECT_EQ(blocks.row_size(9), 128);
  EXPECT_EQ(blocks.row_size(10), 16);
  EXPECT_EQ(blocks.work(0, 0), 128 * 128);
  EXPECT_EQ(blocks.work(10, 3), 16 * 128);
  EXPECT_EQ(blocks.work(10, 10), 16 * 16);
  EXPECT_EQ(blocks.words(), 1);
}

TEST(Blocks, RectanglesAndWholeWords) {
  const BlockGeometry blocks{4199, 4199, 128, 64};
  EXPECT_EQ(blocks.rows(), 33);
  EXPECT_EQ(blocks.cols(), 66);
  EXPECT_EQ(blocks.row_size(32), 103);
  EXPECT_EQ(blocks.col_size(65), 39);
  EXPECT_EQ(blocks.words(), 3);
  EXPECT_EQ(square_blocks(64 * 32, 64).words(), 1);
  EXPECT_EQ(square_blocks(64 * 32 + 1, 64).words(), 2);
}

TEST(Blocks, WorkAddsUpToTheTotal) {
  for (const std::int64_t tokens : {1, 63, 64, 65, 1296, 4199}) {
    const BlockGeometry blocks{tokens, tokens + 5, 64, 32};
    std::int64_t sum = 0;
    for (std::int64_t u = 0; u < blocks.rows(); ++u) {
      for (std::int64_t v = 0; v < blocks.cols(); ++v) sum += blocks.work(u, v);
    }
    EXPECT_EQ(sum, blocks.total_work());
    EXPECT_EQ(sum, tokens * (tokens + 5));
  }
}

}  // namespace
}  // namespace wean
