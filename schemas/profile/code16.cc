#include "schemas/profile/code16.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace wean {
namespace {

constexpr int kFractionBits = 9;
constexpr int kBias = 127;  // exponent field of the octave [1, 2) * 2^scale
constexpr int kFloatFractionBits = 23;
constexpr int kDroppedBits = kFloatFractionBits - kFractionBits;

/// Nearest integer, ties to even, whatever the rounding mode of the process.
std::uint32_t round_to_even(double value) {
  const double floor = std::floor(value);
  const auto whole = static_cast<std::uint32_t>(floor);
  const double rest = value - floor;
  return whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1) ? 1 : 0);
}

/// Any value: codes of octave e begin at (e - 1) * 512 + 512, and rounding up may enter the next octave.
std::uint32_t encode_any(double value, int scale) {
  if (value == 0) return 0;
  const int exponent = std::max(1, std::ilogb(value) - scale + kBias);
  const double quanta = std::ldexp(value, kBias + kFractionBits - exponent - scale);
  return (static_cast<std::uint32_t>(exponent - 1) << kFractionBits) + round_to_even(quanta);
}

}  // namespace

std::uint16_t encode16(float value, int scale) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const int field = static_cast<int>(bits >> kFloatFractionBits);
  const int exponent = field - scale;
  std::uint32_t code = 0;
  if (exponent > kBias) {
    code = kUndroppableCode;
  } else if (field >= 1 && exponent >= 1) {
    // A float32 with its exponent field moved by the scale: dropping 14 fraction bits is all that is left.
    const std::uint32_t moved = bits - (static_cast<std::uint32_t>(scale) << kFloatFractionBits);
    code = (moved + (1U << (kDroppedBits - 1)) - 1 + ((moved >> kDroppedBits) & 1)) >> kDroppedBits;
  } else {
    code = encode_any(value, scale);
  }
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(code, kUndroppableCode));
}

float decode16(std::uint16_t code, int scale) {
  if (code == kUndroppableCode) return kUndroppable;
  const int field = code >> kFractionBits;
  const int moved = field + scale;
  if (field >= 1 && moved >= 1 && moved <= 254) {
    const auto fraction = static_cast<std::uint32_t>(code & ((1U << kFractionBits) - 1));
    return std::bit_cast<float>((static_cast<std::uint32_t>(moved) << kFloatFractionBits) | (fraction << kDroppedBits));
  }
  const int exponent = std::max(1, field);
  const int quanta = code - ((exponent - 1) << kFractionBits);
  return std::ldexp(static_cast<float>(quanta), exponent + scale - kBias - kFractionBits);
}

int scale_for(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) {
    if (value > largest && encode16(value, kMaxScale) != kUndroppableCode) largest = value;
  }
  if (largest == 0) return kMinScale;
  const int scale = std::clamp(std::ilogb(largest), kMinScale, kMaxScale);
  return encode16(largest, scale) == kUndroppableCode ? scale + 1 : scale;
}

std::vector<std::uint16_t> encode16(std::span<const float> values, int scale) {
  std::vector<std::uint16_t> codes;
  codes.reserve(values.size());
  for (const float value : values) codes.push_back(encode16(value, scale));
  return codes;
}

void decode16(std::span<const std::uint16_t> codes, int scale, std::vector<float>& values) {
  for (const std::uint16_t code : codes) values.push_back(decode16(code, scale));
}

}  // namespace wean
