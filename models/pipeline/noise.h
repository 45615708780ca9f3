// Standard normal noise that is a function of a seed alone: the same bits on every device, platform and thread count.
#pragma once
#include <array>
#include <cstdint>
#include <span>

namespace wean::models {

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011): the block of four 32-bit words of (counter, key).
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key) noexcept;

/// Fills `out` with standard normal numbers. Numbers 2i and 2i + 1 come from block i (counter = i as two little-endian
/// words, then two zeros; key = seed as two little-endian words) by Box-Muller in double:
///   u1 = ((w0 | w1 << 32) >> 11) + 1) / 2^53 in (0, 1],  u2 = ((w2 | w3 << 32) >> 11) / 2^53 in [0, 1),
///   sqrt(-2 ln u1) * (cos 2 pi u2, sin 2 pi u2), each rounded to float.
/// Logarithm, sine and cosine are own series of IEEE additions and products (error below 1e-15), not the C library's,
/// which differ between platforms.
void fill_normal(std::uint64_t seed, std::span<float> out) noexcept;

}  // namespace wean::models
