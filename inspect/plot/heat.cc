#include "inspect/plot/heat.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <vector>

namespace wean::inspect {
namespace {

// Eleven stops with CIE lightness 0, 8, 17, ... 98 along violet, red, orange, yellow.
constexpr std::array<Colour, 11> kStops = {{{0, 0, 4},
                                            {22, 11, 57},
                                            {66, 10, 104},
                                            {106, 23, 110},
                                            {147, 38, 103},
                                            {188, 55, 84},
                                            {221, 81, 58},
                                            {243, 120, 25},
                                            {252, 165, 10},
                                            {246, 215, 70},
                                            {252, 255, 164}}};

std::uint8_t mix(std::uint8_t a, std::uint8_t b, double share) noexcept {
  return static_cast<std::uint8_t>(std::lround(a + (b - a) * share));
}

}  // namespace

Colour heat_colour(double level) noexcept {
  const double at = std::clamp(level, 0.0, 1.0) * static_cast<double>(kStops.size() - 1);
  const auto stop = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double share = at - static_cast<double>(stop);
  const Colour& a = kStops[stop];
  const Colour& b = kStops[stop + 1];
  return {mix(a.red, b.red, share), mix(a.green, b.green, share), mix(a.blue, b.blue, share)};
}

double LogScale::level(double value) const noexcept {
  if (value < low || low <= 0) return 0;
  return high > low ? std::min(1.0, std::log(value / low) / std::log(high / low)) : 1;
}

LogScale fit_scale(std::span<const float> values, double decades) {
  std::vector<float> positive;
  std::copy_if(values.begin(), values.end(), std::back_inserter(positive), [](float value) { return value > 0; });
  if (positive.empty()) return {};
  const auto quantile = positive.begin() + static_cast<std::ptrdiff_t>(positive.size() / 50);
  std::nth_element(positive.begin(), quantile, positive.end());
  const auto high = static_cast<double>(*std::max_element(positive.begin(), positive.end()));
  return {std::max(static_cast<double>(*quantile), high * std::pow(10.0, -decades)), high};
}

}  // namespace wean::inspect
