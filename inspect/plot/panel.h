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
  Grid grid;
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
/// Pixels of the map itself: a square of about `side`, whole pixels for each pair of the longer axis and never less
/// than one.
[[nodiscard]] Size map_size(const BlockGeometry& geometry, int side);

/// Draws the pairs with their upper left corner at (x, y), stretched to `size`, and a frame around them. A ragged last
/// block is drawn as a whole one.
void draw_pairs(Image& image, int x, int y, Size size, const Panel& panel);

inline constexpr int kPanelTop = 32;     ///< title and subtitle
inline constexpr int kPanelLeft = 34;    ///< row numbers
inline constexpr int kPanelBottom = 36;  ///< column numbers and what the axes count

/// Panels side by side with axes that count frames; a colour bar at the right when `scale` is given. No text is cut
/// off: a panel takes the room of its title.
[[nodiscard]] Image draw_panels(const std::vector<Panel>& panels, const LogScale* scale, int side);

}  // namespace wean::inspect
