// Takes the place of kernels/sm80/ptx.cuh on the host: the same functions for the emulated lanes of
// tests/kernels/emulated.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tests/kernels/emulated/cuda.h"

namespace wean::kernels::sm80 {

using emulated::exchange;
using emulated::Lanes;

using emulated::copy_async;
using emulated::end_copies;
template <std::size_t kPending>
void wait_copies() {
  emulated::wait_copies(kPending);
}

inline std::uint32_t element(std::uint32_t address, std::uint32_t i) {
  std::uint16_t bits;
  std::memcpy(&bits, emulated::shared_memory + address + 2 * i, 2);
  return bits;
}
inline void load_matrices(std::uint32_t (&to)[4], std::uint32_t address) {
  const Lanes<std::uint32_t> rows = exchange(address);
  const std::uint32_t lane = emulated::lane();
  for (std::uint32_t m = 0; m < 4; ++m) {
    const std::uint32_t row = rows[8 * m + lane / 4];
    to[m] = element(row, 2 * (lane % 4)) | element(row, 2 * (lane % 4) + 1) << 16;
  }
}
inline void load_matrices_transposed(std::uint32_t (&to)[4], std::uint32_t address) {
  const Lanes<std::uint32_t> rows = exchange(address);
  const std::uint32_t lane = emulated::lane();
  for (std::uint32_t m = 0; m < 4; ++m) {
    to[m] = element(rows[8 * m + 2 * (lane % 4)], lane / 4) | element(rows[8 * m + 2 * (lane % 4) + 1], lane / 4) << 16;
  }
}

inline float exp2_fast(float x) { return std::exp2(x); }

inline float from_bfloat16(std::uint32_t bits) { return std::bit_cast<float>(bits << 16); }
inline std::uint32_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::isnan(value) ? 0x7FFF : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
}

template <typename Element>
struct Arithmetic;

template <>
struct Arithmetic<emulated::Bfloat16> {
  struct Operands {
    std::uint32_t a[4], b[2];
  };
  /// Element (row, k) of A, (k, column) of B, as the instruction's fragments hold them.
  static float a_at(const Lanes<Operands>& all, std::uint32_t row, std::uint32_t k) {
    const std::uint32_t word = all[row % 8 * 4 + k % 8 / 2].a[row / 8 + k / 8 * 2];
    return from_bfloat16(k % 2 == 0 ? word & 0xFFFF : word >> 16);
  }
  static float b_at(const Lanes<Operands>& all, std::uint32_t k, std::uint32_t column) {
    const std::uint32_t word = all[column * 4 + k % 8 / 2].b[k / 8];
    return from_bfloat16(k % 2 == 0 ? word & 0xFFFF : word >> 16);
  }
  static void multiply_add(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    const Lanes<Operands> all = exchange(Operands{{a[0], a[1], a[2], a[3]}, {b0, b1}});
    const std::uint32_t lane = emulated::lane();
    for (std::uint32_t i = 0; i < 4; ++i) {
      for (std::uint32_t k = 0; k < 16; ++k) {
        c[i] += a_at(all, lane / 4 + i / 2 * 8, k) * b_at(all, k, lane % 4 * 2 + i % 2);
      }
    }
  }
  static std::uint32_t pack(float low, float high) { return to_bfloat16(low) | to_bfloat16(high) << 16; }
};

}  // namespace wean::kernels::sm80
