#include "models/pipeline/geometry.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace wean::models {
namespace {

TEST(Geometry, PublishedSizes) {  // CHECKPOINTS: 832x480 and 1280x720, 81 frames
  EXPECT_EQ(token_grid({832, 480, 81}, {}), (Grid{21, 30, 52}));
  EXPECT_EQ(token_grid({1280, 720, 81}, {}), (Grid{21, 45, 80}));
  EXPECT_EQ(token_grid({192, 192, 33}, {}), (Grid{9, 12, 12}));
  EXPECT_EQ(token_grid({16, 16, 1}, {}), (Grid{1, 1, 1}));
  EXPECT_EQ(latent_shape({832, 480, 81}, {}), (std::array<std::int64_t, 3>{21, 60, 104}));
}

TEST(Geometry, RefusalNamesTheNearestSize) {
  EXPECT_ERROR(token_grid({190, 192, 33}, {}), ErrorCode::kUsage, "nearest allowed clip is 192x192, 33 frames");
  EXPECT_ERROR(token_grid({192, 183, 33}, {}), ErrorCode::kUsage, "nearest allowed clip is 192x176, 33 frames");
  EXPECT_ERROR(token_grid({192, 192, 32}, {}), ErrorCode::kUsage, "nearest allowed clip is 192x192, 33 frames");
  EXPECT_ERROR(token_grid({192, 192, 30}, {}), ErrorCode::kUsage, "nearest allowed clip is 192x192, 29 frames");
  EXPECT_ERROR(token_grid({0, -5, 0}, {}), ErrorCode::kUsage, "nearest allowed clip is 16x16, 1 frames");
}

TEST(Geometry, FollowsTheStrides) {
  EXPECT_EQ(token_grid({24, 8, 3}, {2, 4}), (Grid{2, 1, 3}));
  EXPECT_ERROR(token_grid({24, 12, 3}, {2, 4}), ErrorCode::kUsage, "multiples of 8 and frames a multiple of 2 plus 1");
}

TEST(Geometry, HugeSizesAreRefusedWithoutOverflow) {
  EXPECT_ERROR(token_grid({std::int64_t{1} << 62, 16, 1}, {}), ErrorCode::kUsage, "must be multiples of 16");
  EXPECT_ERROR(token_grid({16, 16, (std::int64_t{1} << 62) + 1}, {}), ErrorCode::kUsage, "plus 1");
}

}  // namespace
}  // namespace wean::models
