#include "models/pipeline/geometry.h"

#include <algorithm>

#include "common/base/error.h"

namespace wean::models {
namespace {

constexpr std::int64_t kPatch = 2;
constexpr std::int64_t kLargest = 1 << 20;  // keeps every product of sizes far from overflow

/// Nearest multiple of `unit` to `value`, at least one unit.
std::int64_t nearest_multiple(std::int64_t value, std::int64_t unit) {
  const std::int64_t bounded = std::clamp(value, std::int64_t{1}, kLargest);
  return std::max((bounded + unit / 2) / unit, std::int64_t{1}) * unit;
}

void check(const ClipSize& size, const LatentStride& stride) {
  const std::int64_t unit = stride.space * kPatch;
  const ClipSize near{
      nearest_multiple(size.width, unit), nearest_multiple(size.height, unit),
      std::max(size.frames <= 1 ? 1 : nearest_multiple(size.frames - 1, stride.time) + 1, std::int64_t{1})};
  const bool fits = size.width == near.width && size.height == near.height && size.frames == near.frames;
  require(fits, ErrorCode::kUsage, "clip of ", size.width, "x", size.height, ", ", size.frames,
          " frames: width and height must be multiples of ", unit, " and frames a multiple of ", stride.time,
          " plus 1; the nearest allowed clip is ", near.width, "x", near.height, ", ", near.frames, " frames");
}

}  // namespace

std::array<std::int64_t, 3> latent_shape(const ClipSize& size, const LatentStride& stride) {
  check(size, stride);
  return {(size.frames - 1) / stride.time + 1, size.height / stride.space, size.width / stride.space};
}

Grid token_grid(const ClipSize& size, const LatentStride& stride) {
  const auto [frames, height, width] = latent_shape(size, stride);
  return {frames, height / kPatch, width / kPatch};
}

}  // namespace wean::models
