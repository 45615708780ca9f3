#include "inspect/plot/image.h"

#include <algorithm>

namespace wean::inspect {

Image::Image(int width, int height, Colour background)
    : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3) {
  fill(0, 0, width, height, background);
}

void Image::set(int x, int y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  std::uint8_t* pixel =
      pixels_.data() +
      (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)) * 3;
  pixel[0] = colour.red;
  pixel[1] = colour.green;
  pixel[2] = colour.blue;
}

void Image::fill(int x, int y, int width, int height, Colour colour) {
  for (int j = std::max(0, y); j < std::min(height_, y + height); ++j) {
    for (int i = std::max(0, x); i < std::min(width_, x + width); ++i) set(i, j, colour);
  }
}

void Image::frame(int x, int y, int width, int height, Colour colour) {
  fill(x - 1, y - 1, width + 2, 1, colour);
  fill(x - 1, y + height, width + 2, 1, colour);
  fill(x - 1, y - 1, 1, height + 2, colour);
  fill(x + width, y - 1, 1, height + 2, colour);
}

}  // namespace wean::inspect
