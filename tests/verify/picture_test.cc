#include "verify/picture.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <png.h>

#include <fstream>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace wean::verify {
namespace {

TEST(Picture, PngDecodesToTheSamePixels) {
  const at::Tensor image = (at::rand({7, 11, 3}) * 255).to(at::kByte);
  const testing::TempDir folder;
  const auto path = folder / "picture.png";
  write_png(path, image);
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  ASSERT_NE(png_image_begin_read_from_file(&png, path.c_str()), 0);
  png.format = PNG_FORMAT_RGB;
  const at::Tensor back = at::empty({7, 11, 3}, at::kByte);
  ASSERT_NE(png_image_finish_read(&png, nullptr, back.data_ptr(), 0, nullptr), 0);
  EXPECT_EQ(png.width, 11u);
  EXPECT_TRUE(at::equal(image, back));
}

TEST(Picture, SideBySideShowsDenseSparseAndDifference) {
  const at::Tensor dense = at::full({2, 4, 6, 3}, 0.2);
  const at::Tensor sparse = at::full({2, 4, 6, 3}, 0.4);
  const at::Tensor image = side_by_side(dense, {sparse}, 1);
  EXPECT_EQ(image.sizes(), (at::IntArrayRef{4, 3 * 6 + 2 * 4, 3}));
  EXPECT_EQ(image[0][0][0].item<int>(), 51);
  EXPECT_EQ(image[0][7][0].item<int>(), 255);
  EXPECT_EQ(image[0][10][0].item<int>(), 102);
  EXPECT_EQ(image[0][20][0].item<int>(), 204);
}

TEST(Picture, SpreadFramesIncludesFirstAndLast) {
  EXPECT_EQ(spread_frames(33, 4), (std::vector<std::int64_t>{0, 10, 21, 32}));
  EXPECT_EQ(spread_frames(33, 1), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(spread_frames(2, 4), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(spread_frames(5, 1000000), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(spread_frames(5, 0).empty());
}

TEST(Picture, Y4mHasOneFramePerFrame) {
  const testing::TempDir folder;
  const auto path = folder / "clip.y4m";
  write_y4m(path, at::stack({at::zeros({4, 6, 3}), at::ones({4, 6, 3})}));
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  const std::string bytes = text.str();
  const std::size_t header = bytes.find('\n') + 1;
  EXPECT_EQ(bytes.size(), header + 2 * (6 + 3 * 4 * 6));
  EXPECT_EQ(static_cast<unsigned char>(bytes[header + 6]), 16);            // black
  EXPECT_EQ(static_cast<unsigned char>(bytes[bytes.size() - 1]), 128);     // no colour
  EXPECT_EQ(static_cast<unsigned char>(bytes[header + 6 + 72 + 6]), 235);  // white
}

}  // namespace
}  // namespace wean::verify
