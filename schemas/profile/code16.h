// The 16-bit encoding of non-negative statistics in shards: 7 exponent bits, 9 fraction bits, and a power-of-two scale
// shared by the values of one head. Normative: schemas/profile.md, "16-bit encoding".
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace wean {

/// Removal error of a key block that holds a row's whole mass: it can never be dropped. The largest finite float32.
inline constexpr float kUndroppable = std::numeric_limits<float>::max();
/// Its code, whatever the scale.
inline constexpr std::uint16_t kUndroppableCode = 0xFFFF;
/// Bounds of a scale: from the lower one on every code is a float32 exactly; above the upper one (values near 2^97) an
/// error counts as undroppable, so that kUndroppable averaged over steps is still recognised.
inline constexpr int kMinScale = -14;
inline constexpr int kMaxScale = 96;

/// Smallest scale in [kMinScale, kMaxScale] that holds every value; values that not even kMaxScale holds do not count.
[[nodiscard]] int scale_for(std::span<const float> values);

/// Nearest code to `value` (finite, >= 0), ties to the even code; above the scale's range: kUndroppableCode.
[[nodiscard]] std::uint16_t encode16(float value, int scale);

/// Exact inverse on codes: decode16(c, s) is the value of code c, and encode16(decode16(c, s), s) == c.
[[nodiscard]] float decode16(std::uint16_t code, int scale);

/// encode16 of each value.
[[nodiscard]] std::vector<std::uint16_t> encode16(std::span<const float> values, int scale);
/// decode16 of each code, appended to `values`.
void decode16(std::span<const std::uint16_t> codes, int scale, std::vector<float>& values);

}  // namespace wean
