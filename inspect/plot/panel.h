// One framed block map with a title and axes in frames of the clip; panels are put side by side.
#pragma once
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"
#include "inspect/plot/heat.h"
#include "inspect/plot/image.h"

namespace wean::inspect {

/// A map [rows, cols] with one colour a pair.
struct Panel {
  std::string title;
  std::string subtitle;
  BlockGeometry geometry;
  std::vector<Colour> pairs;
};

/// Heat colours of `values` on `scale`.
[[nodiscard]] std::vector<Colour> heat_pairs(const std::vector<float>& values, const LogScale& scale);
/// Kept pairs black on white.
[[nodiscard]] std::vector<Colour> mask_pairs(const std::vector<bool>& kept);

struct Size {
  int width = 0, height = 0;
};
/// Pixels of the map itself: whole pixels a pair, about `side` along the longer axis, never less than one a pair.
[[nodiscard]] Size map_size(const BlockGeometry& geometry, int side);

/// Draws the pairs with their upper left corner at (x, y), stretched to `size`, and a frame around them.
void draw_pairs(Image& image, int x, int y, Size size, const Panel& panel);
/// Ticks where frames of the clip begin, along the left and lower edges, with about eight numbers.
void draw_frame_axes(Image& image, int x, int y, Size size, const Grid& grid);

inline constexpr int kPanelTop = 30;     ///< title and subtitle
inline constexpr int kPanelLeft = 34;    ///< row numbers
inline constexpr int kPanelBottom = 30;  ///< column numbers and their name

/// Panels side by side with axes; room for a colour bar at the right when `scale` is given.
[[nodiscard]] Image draw_panels(const std::vector<Panel>& panels, const Grid& grid, const LogScale* scale, int side);

}  // namespace wean::inspect
