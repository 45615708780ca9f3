// Grids and blocks from the command line's words and the profile's own strides.
#include "pack/target.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace wean::pack {
namespace {

/// Wan2.1 at 480p: 832x480, 81 frames, tokens of 16x16 pixels and 4 frames.
ProfileMeta profile_480p() {
  ProfileMeta profile;
  profile.recipe.width = 832;
  profile.recipe.height = 480;
  profile.recipe.frames = 81;
  profile.grid = {21, 30, 52};
  profile.block = 128;
  return profile;
}

TEST(Target, DefaultsToTheProfile) {
  const Target target = resolve_target({}, profile_480p());
  EXPECT_EQ(target.grid, (Grid{21, 30, 52}));
  EXPECT_EQ(target.geometry, (BlockGeometry{32760, 32760, 128, 128}));
}

TEST(Target, PixelsBecomeTokensWithTheProfilesStrides) {
  TargetRequest request;
  request.size = PixelSize{1280, 720};
  request.frames = 49;
  request.block = BlockSize{128, 64};
  const Target target = resolve_target(request, profile_480p());
  EXPECT_EQ(target.grid, (Grid{13, 45, 80}));
  EXPECT_EQ(target.geometry, (BlockGeometry{46800, 46800, 128, 64}));
}

TEST(Target, GridIsTakenAsItIs) {
  TargetRequest request;
  request.grid = Grid{21, 45, 80};
  EXPECT_EQ(resolve_target(request, profile_480p()).geometry.rows(), 591);
}

TEST(Target, PairsAreBounded) {
  TargetRequest request;
  request.block = BlockSize{1, 1};
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage,
               "--block 1x1: 1073217600 pairs of blocks on grid 21x30x52; at most 67108864 are allowed: use larger");
  request.grid = Grid{1 << 8, 1 << 8, 1 << 8};
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage, "281474976710656 pairs");
  request = {};
  request.grid = Grid{1, 1, 1 << 13};
  request.block = BlockSize{1, 1};
  EXPECT_EQ(resolve_target(request, profile_480p()).geometry.pairs(), std::int64_t{1} << 26);
  request.grid = Grid{1, 1, (1 << 13) + 1};
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage, "67125249 pairs");
}

TEST(Target, RefusesWhatIsNoMultipleOfAToken) {
  TargetRequest request;
  request.size = PixelSize{1280, 718};
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage,
               "--size: height 718 is no multiple of 16 pixels, the size of a token; nearest: 704 and 720");
  request = {};
  request.frames = 50;
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage,
               "--frames 50: expected 1 + a multiple of 4, such as 49");
}

TEST(Target, RefusesFramesOfASingleFrameProfile) {
  ProfileMeta profile = profile_480p();
  profile.recipe.frames = 1;
  profile.grid.frames = 1;
  TargetRequest request;
  request.frames = 81;
  EXPECT_ERROR(resolve_target(request, profile), ErrorCode::kUsage, "give --grid TxHxW");
}

TEST(Target, RefusesGridTogetherWithSize) {
  TargetRequest request;
  request.grid = Grid{1, 2, 3};
  request.frames = 81;
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage, "--grid excludes --size and --frames");
}

TEST(Target, RefusesMoreTokensThanMaskFilesAreFor) {
  TargetRequest request;
  request.grid = Grid{1000, 1000, 1000};
  EXPECT_ERROR(resolve_target(request, profile_480p()), ErrorCode::kUsage, "target grid 1000x1000x1000");
}

TEST(Parse, AcceptsTheDocumentedForms) {
  EXPECT_EQ(parse_size("1280x720", "--size").width, 1280);
  EXPECT_EQ(parse_block("128x64", "--block").key, 64);
  EXPECT_EQ(parse_grid("21x45x80", "--grid"), (Grid{21, 45, 80}));
}

TEST(Parse, RefusesEverythingElse) {
  for (const char* text : {"", "x", "128", "128x", "x64", "128x64x32", "128x-64", "128 x64", "0x64", "1e2x64", "128X64",
                           "128x64 ", "99999999999999999999x1", "1000001x1", "+1x1"}) {
    EXPECT_ERROR(parse_block(text, "--block"), ErrorCode::kUsage,
                 std::string("--block '") + text + "': expected QUERYxKEY");
  }
}

}  // namespace
}  // namespace wean::pack
