// A small RGB picture: rectangles, block maps and text, enough for plots without a graphics library.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace wean::inspect {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Colour&) const = default;
};

inline constexpr Colour kWhite{255, 255, 255};
inline constexpr Colour kBlack{0, 0, 0};
inline constexpr Colour kGrey{150, 150, 150};   ///< frames and ticks
inline constexpr Colour kDarkGrey{90, 90, 90};  ///< text beside the titles

/// Row-major, three bytes a pixel. Drawing outside is clipped.
class Image {
 public:
  Image(int width, int height, Colour background = kWhite);
  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int height() const noexcept { return height_; }
  [[nodiscard]] const std::vector<std::uint8_t>& pixels() const noexcept { return pixels_; }
  void set(int x, int y, Colour colour);
  void fill(int x, int y, int width, int height, Colour colour);
  /// One pixel wide, just outside the rectangle.
  void frame(int x, int y, int width, int height, Colour colour);

 private:
  int width_, height_;
  std::vector<std::uint8_t> pixels_;
};

/// Letters are 5 x 7 dots in cells of 6, two more below the line for the tails of g, p, q and y; (x, y) is the upper
/// left corner. Lower case, digits and common signs; upper case is drawn as lower case, anything else as an empty box.
void draw_text(Image& image, int x, int y, std::string_view text, Colour colour);
[[nodiscard]] int text_width(std::string_view text) noexcept;
inline constexpr int kTextHeight = 9;

}  // namespace wean::inspect
