#include "inspect/plot/panel.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string_view>

namespace wean::inspect {
namespace {

constexpr int kGap = 22;
constexpr int kTick = 4;
constexpr int kBar = 14;
constexpr int kBarRoom = 84;
constexpr int kTitleTop = 6;
constexpr int kLine = kTextHeight + 2;

constexpr int kLabelRoom = 26;  // between two numbers of an axis
constexpr std::string_view kAxisText = "across: key frame, down: query frame";

/// One axis of a map: `blocks` blocks of `block` tokens drawn on `length` pixels. The blocks may reach past the last
/// token.
struct Axis {
  std::int64_t frames, frame_tokens, block, blocks;
  int length;
  [[nodiscard]] int pixel_of(std::int64_t frame) const {
    return static_cast<int>(static_cast<double>(frame * frame_tokens) / static_cast<double>(block * blocks) * length);
  }
};

/// Smallest of 1, 2, 5, 10, 20, ... frames that take at least `room` pixels.
std::int64_t frame_step(const Axis& axis, int room) {
  for (std::int64_t step = 1;; step *= 10) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (step * factor >= axis.frames || axis.pixel_of(step * factor) >= room) return step * factor;
    }
  }
}

/// Calls mark(pixel, number) for each tick; the number is empty where there is no room for one.
void for_each_tick(const Axis& axis, const std::function<void(int, const std::string&)>& mark) {
  const std::int64_t numbers = frame_step(axis, kLabelRoom);
  const std::int64_t ticks = axis.pixel_of(1) >= kTick ? 1 : numbers;
  for (std::int64_t frame = 0; frame < axis.frames; frame += ticks) {
    mark(axis.pixel_of(frame), frame % numbers == 0 ? std::to_string(frame) : "");
  }
}

std::string short_number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1e", value);
  return text.data();
}

void draw_bar(Image& image, int x, int height, const LogScale& scale) {
  draw_text(image, x, kTitleTop, "mean", kDarkGrey);
  draw_text(image, x, kTitleTop + kLine, "probability", kDarkGrey);
  for (int i = 0; i < height; ++i) {
    image.fill(x, kPanelTop + i, kBar, 1, heat_colour(1 - static_cast<double>(i) / std::max(1, height - 1)));
  }
  image.frame(x, kPanelTop, kBar, height, kGrey);
  if (scale.high <= 0) return;
  for (int i = 0; i <= 4; ++i) {
    const double value = scale.high * std::pow(scale.low / scale.high, i / 4.0);
    const int at = kPanelTop + i * (height - 1) / 4;
    image.fill(x + kBar, at, kTick, 1, kGrey);
    draw_text(image, x + kBar + kTick + 3, at - kTextHeight / 2 + 1, short_number(value), kBlack);
  }
}

/// Ticks where frames of the clip begin, along the lower and the left edge.
void draw_axes(Image& image, int x, int y, Size size, const Panel& panel) {
  const BlockGeometry& blocks = panel.geometry;
  const std::int64_t frame_tokens = panel.grid.height * panel.grid.width;
  const auto tick = [](const std::string& number) { return number.empty() ? kTick : kTick + 2; };
  const int below = y + size.height + 1, left = x - 1;
  for_each_tick({panel.grid.frames, frame_tokens, blocks.k_block, blocks.cols(), size.width},
                [&](int at, const std::string& number) {
                  image.fill(x + at, below, 1, tick(number), kGrey);
                  draw_text(image, x + at - text_width(number) / 2, below + tick(number) + 2, number, kBlack);
                });
  for_each_tick({panel.grid.frames, frame_tokens, blocks.q_block, blocks.rows(), size.height},
                [&](int at, const std::string& number) {
                  const int length = tick(number);
                  image.fill(left - length, y + at, length, 1, kGrey);
                  draw_text(image, left - length - 2 - text_width(number), y + at - 3, number, kBlack);
                });
  draw_text(image, x, below + kTick + kTextHeight + 6, kAxisText, kDarkGrey);
}

int panel_width(const Panel& panel, int side) {
  const int text = std::max({text_width(panel.title), text_width(panel.subtitle), text_width(kAxisText)});
  return std::max(map_size(panel.geometry, side).width, text);
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

Image draw_panels(const std::vector<Panel>& panels, const LogScale* scale, int side) {
  int width = kGap, map_height = 0;
  for (const Panel& panel : panels) {
    width += kPanelLeft + panel_width(panel, side) + kGap;
    map_height = std::max(map_height, map_size(panel.geometry, side).height);
  }
  Image image(width + (scale != nullptr ? kBarRoom : 0), kPanelTop + map_height + kPanelBottom);
  int x = kGap / 2 + kPanelLeft;
  for (const Panel& panel : panels) {
    const Size size = map_size(panel.geometry, side);
    draw_text(image, x, kTitleTop, panel.title, kBlack);
    draw_text(image, x, kTitleTop + kLine, panel.subtitle, kDarkGrey);
    draw_pairs(image, x, kPanelTop, size, panel);
    draw_axes(image, x, kPanelTop, size, panel);
    x += panel_width(panel, side) + kGap + kPanelLeft;
  }
  if (scale != nullptr) draw_bar(image, x - kPanelLeft, map_height, *scale);
  return image;
}

}  // namespace wean::inspect
