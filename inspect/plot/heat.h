// From numbers to colours: a logarithmic scale over a perceptually even colour map.
#pragma once
#include <span>

#include "inspect/plot/image.h"

namespace wean::inspect {

/// Dark violet (0) through red to pale yellow (1) with evenly rising lightness, so that it also reads in grey. `level`
/// is clamped.
[[nodiscard]] Colour heat_colour(double level) noexcept;

/// Range of a logarithmic scale.
struct LogScale {
  double low = 0, high = 0;  ///< 0 < low <= high; both 0 when nothing is positive
  /// 0 at low, 1 at high; 0 below low and for zero. Where all values are equal they are all high: 1.
  [[nodiscard]] double level(double value) const noexcept;
};

/// From the largest value down to the 2 % quantile of the positive ones, at most `decades` powers of ten.
[[nodiscard]] LogScale fit_scale(std::span<const float> values, double decades = 5);

}  // namespace wean::inspect
