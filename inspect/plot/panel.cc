#include "inspect/plot/panel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace wean::inspect {
namespace {

constexpr int kGap = 22;
constexpr int kTick = 4;
constexpr int kBar = 14;
constexpr int kBarRoom = 84;

int to_pixel(std::int64_t token, std::int64_t tokens, int length) { return static_cast<int>(token * length / tokens); }

/// Smallest of 1, 2, 5, 10, 20, ... that gives at most eight numbers.
std::int64_t label_step(std::int64_t frames) {
  for (std::int64_t step = 1;; step *= 10) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (frames <= 8 * step * factor) return step * factor;
    }
  }
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1e", value);
  return text.data();
}

void draw_bar(Image& image, int x, int y, int height, const LogScale& scale) {
  for (int i = 0; i < height; ++i) {
    image.fill(x, y + i, kBar, 1, heat_colour(1 - static_cast<double>(i) / std::max(1, height - 1)));
  }
  image.frame(x, y, kBar, height, kGrey);
  if (scale.high <= 0) return;
  for (int i = 0; i <= 4; ++i) {
    const double value = scale.high * std::pow(scale.low / scale.high, i / 4.0);
    const int at = y + i * (height - 1) / 4;
    image.fill(x + kBar, at, kTick, 1, kGrey);
    draw_text(image, x + kBar + kTick + 3, at - 3, short_number(value), kBlack);
  }
}

}  // namespace

std::vector<Colour> heat_pairs(const std::vector<float>& values, const LogScale& scale) {
  std::vector<Colour> pairs;
  for (const float value : values) pairs.push_back(heat_colour(scale.level(static_cast<double>(value))));
  return pairs;
}

std::vector<Colour> mask_pairs(const std::vector<bool>& kept) {
  std::vector<Colour> pairs;
  for (const bool keep : kept) pairs.push_back(keep ? kBlack : kWhite);
  return pairs;
}

Size map_size(const BlockGeometry& geometry, int side) {
  const auto rows = static_cast<int>(geometry.rows());
  const auto cols = static_cast<int>(geometry.cols());
  const int longer = std::max(rows, cols);
  const int pixels = longer * std::max(1, (side + longer / 2) / longer);
  return {pixels, pixels};
}

void draw_pairs(Image& image, int x, int y, Size size, const Panel& panel) {
  const auto rows = panel.geometry.rows();
  const auto cols = panel.geometry.cols();
  for (int j = 0; j < size.height; ++j) {
    const auto u = std::min(rows - 1, static_cast<std::int64_t>(j) * rows / size.height);
    for (int i = 0; i < size.width; ++i) {
      const auto v = std::min(cols - 1, static_cast<std::int64_t>(i) * cols / size.width);
      image.set(x + i, y + j, panel.pairs[static_cast<std::size_t>(u * cols + v)]);
    }
  }
  image.frame(x, y, size.width, size.height, kGrey);
}

void draw_frame_axes(Image& image, int x, int y, Size size, const Grid& grid) {
  const std::int64_t labels = label_step(grid.frames);
  for (std::int64_t frame = 0; frame < grid.frames; ++frame) {
    const bool labelled = frame % labels == 0;
    const int across = x + to_pixel(frame, grid.frames, size.width);
    const int down = y + to_pixel(frame, grid.frames, size.height);
    const int length = labelled ? kTick + 2 : kTick;
    image.fill(across, y + size.height, 1, length, kGrey);
    image.fill(x - length, down, length, 1, kGrey);
    if (!labelled) continue;
    const std::string number = std::to_string(frame);
    draw_text(image, across, y + size.height + length + 2, number, kBlack);
    draw_text(image, x - length - 2 - text_width(number), down, number, kBlack);
  }
  const std::string name = "key frame";
  draw_text(image, x + size.width - text_width(name), y + size.height + kTick + 14, name, kGrey);
  draw_text(image, x - kPanelLeft + 2, y + size.height + kTick + 14, "query frame", kGrey);
}

Image draw_panels(const std::vector<Panel>& panels, const Grid& grid, const LogScale* scale, int side) {
  int width = kGap, height = 0;
  for (const Panel& panel : panels) {
    const Size size = map_size(panel.geometry, side);
    width += kPanelLeft + size.width + kGap;
    height = std::max(height, kPanelTop + size.height + kPanelBottom);
  }
  Image image(width + (scale != nullptr ? kBarRoom : 0), height);
  int x = kGap / 2 + kPanelLeft;
  int bar_height = 0;
  for (const Panel& panel : panels) {
    const Size size = map_size(panel.geometry, side);
    draw_text(image, x, 6, panel.title, kBlack);
    draw_text(image, x, 6 + kTextHeight + 3, panel.subtitle, kGrey);
    draw_pairs(image, x, kPanelTop, size, panel);
    draw_frame_axes(image, x, kPanelTop, size, grid);
    x += size.width + kGap + kPanelLeft;
    bar_height = std::max(bar_height, size.height);
  }
  if (scale != nullptr) draw_bar(image, x - kPanelLeft, kPanelTop, bar_height, *scale);
  return image;
}

}  // namespace wean::inspect
