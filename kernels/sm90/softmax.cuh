// Online softmax on the accumulators of a warpgroup: a thread holds, of 64 rows x 128 keys, columns 8j + 2(lane % 4)
// and the next one of rows lane / 4 and lane / 4 + 8 of its warp's 16, as s[4j], s[4j + 1] and s[4j + 2], s[4j + 3].
#pragma once
#include "kernels/sm90/config.h"
#include "kernels/sm90/ptx.cuh"

namespace wean::kernels::sm90 {

inline constexpr float kLeastFloat = -3.402823466e38f;

/// Largest score so far and sum of exponentials of the two rows of a thread. Sums are over the thread's own columns;
/// the maximum is the row's.
struct RowState {
  float maximum[2], sum[2];
};

/// Keys that do not count get -inf; `valid` counts those that do among the first and the last 64.
__device__ __forceinline__ void mask_scores(float (&s)[64], const std::int32_t (&valid)[2], int lane) {
#pragma unroll
  for (int i = 0; i < 64; ++i) {
    const int column = i / 4 * 8 + (lane & 3) * 2 + (i & 1);
    if ((column & 63) >= valid[column / 64]) s[i] = -INFINITY;
  }
}

__device__ __forceinline__ float row_maximum(const float (&s)[64], int row) {
  float a = fmaxf(s[2 * row], s[2 * row + 1]), b = fmaxf(s[4 + 2 * row], s[5 + 2 * row]);
#pragma unroll
  for (int j = 2; j < 16; j += 2) {
    a = fmaxf(a, fmaxf(s[4 * j + 2 * row], s[4 * j + 2 * row + 1]));
    b = fmaxf(b, fmaxf(s[4 * j + 4 + 2 * row], s[4 * j + 5 + 2 * row]));
  }
  a = fmaxf(a, b);
  a = fmaxf(a, __shfl_xor_sync(~0u, a, 1));
  return fmaxf(a, __shfl_xor_sync(~0u, a, 2));
}

/// s = scale * (s - maximum).
__device__ __forceinline__ void exponents(float (&s)[64], const float (&maximum)[2], float scale) {
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const float shift = maximum[row] * scale;
#pragma unroll
    for (int j = 0; j < 16; ++j) {
      s[4 * j + 2 * row] = fmaf(s[4 * j + 2 * row], scale, -shift);
      s[4 * j + 2 * row + 1] = fmaf(s[4 * j + 2 * row + 1], scale, -shift);
    }
  }
}

/// s = 2^s; `sum` gets the thread's sums of its rows.
__device__ __forceinline__ void exponentials(float (&s)[64], float (&sum)[2]) {
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    float a = 0, b = 0;
#pragma unroll
    for (int j = 0; j < 16; ++j) {
      float& x = s[4 * j + 2 * row];
      float& y = s[4 * j + 2 * row + 1];
      x = exp2_fast(x);
      y = exp2_fast(y);
      a += x;
      b += y;
    }
    sum[row] = a + b;
  }
}

/// The first step of a tile. The maximum is finite, so that scores of -inf weigh nothing instead of being NaN.
__device__ __forceinline__ void softmax_first(float (&s)[64], RowState& state, float scale) {
#pragma unroll
  for (int row = 0; row < 2; ++row) state.maximum[row] = fmaxf(row_maximum(s, row), kLeastFloat);
  exponents(s, state.maximum, scale);
  exponentials(s, state.sum);
}

/// The exponents of a later one; `factor` is what everything that was summed before must be multiplied by. With `Lazy`
/// the maximum stays until some row of the warp grew by more than 8 in log2 (sums of 2^8 are far from overflow);
/// returns whether the factors differ from one in this warp.
template <bool Lazy>
__device__ __forceinline__ bool next_exponents(float (&s)[64], RowState& state, float (&factor)[2], float scale) {
  const float fresh[2] = {fmaxf(state.maximum[0], row_maximum(s, 0)), fmaxf(state.maximum[1], row_maximum(s, 1))};
  bool grown = true;
  if constexpr (Lazy) {
    const float growth = fmaxf(fresh[0] - state.maximum[0], fresh[1] - state.maximum[1]) * scale;
    grown = __any_sync(~0u, growth > 8.f);
  }
#pragma unroll
  for (int row = 0; row < 2; ++row) {
    const float maximum = grown ? fresh[row] : state.maximum[row];
    factor[row] = exp2_fast((state.maximum[row] - maximum) * scale);
    state.maximum[row] = maximum;
  }
  exponents(s, state.maximum, scale);
  return grown;
}

__device__ __forceinline__ void add_sums(RowState& state, const float (&factor)[2], const float (&sum)[2]) {
#pragma unroll
  for (int row = 0; row < 2; ++row) state.sum[row] = fmaf(state.sum[row], factor[row], sum[row]);
}

/// What a thread's exponentials of one step and row may sum up to when they count from an older maximum: all of them
/// are finite in their 16-bit type, and sums and outputs stay far from the end of fp32.
template <bool Half>
inline constexpr float kLargestSum = Half ? 0x1p15f : 0x1p40f;

/// Whether a thread's sums of a step that counts from an older maximum are too large anywhere in the warp; then nothing
/// of this step may be used. Sums of NaN are not too large: they stay NaN.
template <bool Half>
__device__ __forceinline__ bool too_large(const float (&sum)[2]) {
  return __any_sync(~0u, fmaxf(sum[0], sum[1]) > kLargestSum<Half>);
}

/// The weights of 16 keys at a time as the left operand of a matrix instruction.
template <bool Half>
__device__ __forceinline__ void to_operand(const float (&s)[64], std::uint32_t (&weights)[8][4]) {
#pragma unroll
  for (int i = 0; i < 8; ++i) {
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      weights[i][part] = pack<Half>(s[8 * i + 2 * part], s[8 * i + 2 * part + 1]);
    }
  }
}

template <int Count>
__device__ __forceinline__ void rescale(float (&o)[Count], const float (&factor)[2]) {
#pragma unroll
  for (int i = 0; i < Count; ++i) o[i] *= factor[i / 2 & 1];
}

/// A store that never happens, which the compiler cannot know: what `sum`, of exponentials, depends on stays before the
/// waits and barriers that stand after this.
__device__ __forceinline__ void pin(float sum, std::uint32_t scratch) {
  asm volatile(
      "{\n.reg .pred p;\n"
      "setp.lt.f32 p, %0, 0f00000000;\n"
      "@p st.shared.f32 [%1], %0;\n}" ::"f"(sum),
      "r"(scratch)
      : "memory");
}

}  // namespace wean::kernels::sm90
