// Drawing: what is clipped, how large maps and texts become, colours of a scale.
#include "inspect/plot/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "inspect/plot/heat.h"
#include "inspect/plot/panel.h"

namespace wean::inspect {
namespace {

Colour pixel(const Image& image, int x, int y) {
  const std::uint8_t* at = image.pixels().data() + static_cast<std::size_t>(y * image.width() + x) * 3;
  return {at[0], at[1], at[2]};
}

std::size_t count(const Image& image, Colour colour) {
  std::size_t found = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) found += pixel(image, x, y) == colour ? 1U : 0U;
  return found;
}

double lightness(Colour colour) { return 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue; }

TEST(Image, DrawsInsideAlone) {
  Image image(7, 5);
  EXPECT_EQ(count(image, kWhite), 35U);
  for (const auto& [x, y] : {std::pair{-1, 0}, {7, 0}, {0, -1}, {0, 5}}) image.set(x, y, kBlack);
  EXPECT_EQ(count(image, kBlack), 0U);
  image.fill(-3, -3, 5, 5, kBlack);
  EXPECT_EQ(count(image, kBlack), 4U);
  image.fill(5, 3, 100, 100, kGrey);
  EXPECT_EQ(count(image, kGrey), 4U);
  image.fill(2, 2, 0, -1, kGrey);
  EXPECT_EQ(count(image, kGrey), 4U);
}

TEST(Image, FrameLiesJustOutside) {
  Image image(8, 8);
  image.fill(2, 3, 4, 2, kBlack);
  image.frame(2, 3, 4, 2, kGrey);
  EXPECT_EQ(count(image, kBlack), 8U);
  EXPECT_EQ(count(image, kGrey), 2U * 6 + 2 * 2);
  EXPECT_EQ(pixel(image, 1, 2), kGrey);
  EXPECT_EQ(pixel(image, 6, 5), kGrey);
}

TEST(Text, EveryLetterOfTitlesIsKnown) {
  Image box(5, 9);
  draw_text(box, 0, 0, "\x01", kBlack);
  for (const char letter : std::string("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,:;-+=/%()[]_")) {
    Image image(5, 9);
    draw_text(image, 0, 0, std::string(1, letter), kBlack);
    EXPECT_EQ(image.pixels() == box.pixels(), letter == ';') << letter;
  }
}

TEST(Text, TakesTheRoomThatItSays) {
  for (const std::string text : {"", "w", "query 12"}) {
    Image image(60, kTextHeight);
    draw_text(image, 0, 0, text, kBlack);
    Image tight(std::max(1, text_width(text)), kTextHeight);
    draw_text(tight, 0, 0, text, kBlack);
    EXPECT_EQ(count(image, kBlack), count(tight, kBlack)) << text;
  }
}

TEST(MapSize, HasWholePixelsForThePairsOfTheLongerSide) {
  for (const std::int64_t blocks : {1, 3, 54, 296, 591, 1182})
    for (const int side : {32, 150, 560}) {
      const Size size = map_size(square_blocks(blocks * 16 - 3, 16), side);
      EXPECT_EQ(size.width % blocks, 0);
      EXPECT_EQ(size.width, size.height);
      EXPECT_LE(std::abs(size.width - side), std::max<std::int64_t>(blocks / 2, blocks - side))
          << blocks << " " << side;
    }
}

TEST(Heat, LightnessRisesFromEndToEnd) {
  EXPECT_EQ(heat_colour(-1), heat_colour(0));
  EXPECT_EQ(heat_colour(2), heat_colour(1));
  for (int i = 0; i < 200; ++i)
    EXPECT_LE(lightness(heat_colour(i / 200.0)), lightness(heat_colour((i + 1) / 200.0)) + 1) << i;
  EXPECT_LT(lightness(heat_colour(0)), 2);
  EXPECT_GT(lightness(heat_colour(1)), 240);
}

TEST(LogScale, SpansTheValues) {
  const std::vector<float> values = {0, 1e-3F, 1e-2F, 1e-1F, 1};
  const LogScale scale = fit_scale(values);
  EXPECT_DOUBLE_EQ(scale.high, 1);
  EXPECT_NEAR(scale.low, 1e-3, 1e-9);
  EXPECT_NEAR(scale.level(1e-1F), 2.0 / 3, 1e-6);
  EXPECT_EQ(scale.level(0), 0);
  EXPECT_EQ(scale.level(1e-4), 0);
  EXPECT_EQ(scale.level(5), 1);
}

TEST(LogScale, LeavesOutTheLowestFiftiethAndMoreThanFiveDecades) {
  std::vector<float> values(100);
  std::iota(values.begin(), values.end(), 1.0F);
  EXPECT_EQ(fit_scale(values).low, 3);
  EXPECT_NEAR(fit_scale(std::vector<float>{1e-30F, 1}).low, 1e-5, 1e-12);
}

TEST(LogScale, EvenValuesAreHighAndZerosLow) {
  const LogScale even = fit_scale(std::vector<float>{0.25F, 0.25F, 0});
  EXPECT_EQ(even.level(0.25), 1);
  EXPECT_EQ(even.level(0), 0);
  const LogScale none = fit_scale(std::vector<float>{0, 0});
  EXPECT_EQ(none.level(0), 0);
  EXPECT_EQ(none.high, 0);
}

TEST(Panels, AreDrawnWithoutAnythingPositive) {
  const LogScale none;
  const Panel panel{"nothing", "", {2, 4, 4}, square_blocks(32, 16), heat_pairs({0, 0, 0, 0}, none)};
  const Image image = draw_panels({panel}, &none, 64);
  EXPECT_GE(count(image, heat_colour(0)), 64U * 64);
}

}  // namespace
}  // namespace wean::inspect
