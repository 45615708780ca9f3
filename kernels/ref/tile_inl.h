// Body of the tile kernel, included once by each tile_<instruction set>.cc, which defines WEAN_TILE_LANES first. All
// names have internal linkage and nothing of the standard library is called: code compiled for one instruction set must
// not be merged with another's.
//
// Everything is transposed so that query rows are vector lanes: S^T = K Q^T and O^T += V^T P^T broadcast elements of K
// and V straight from their rows, maxima and sums run down the lanes, and only Q and O are transposed, once a tile.
// A strip of two vectors of rows passes through scores, softmax and output while it is in the first cache.
#include <cstdint>

#include "kernels/ref/tile.h"

namespace wean::kernels {
namespace {

using Index = std::int64_t;
constexpr Index kLanes = WEAN_TILE_LANES;
constexpr Index kStrip = 2 * kLanes;
constexpr std::size_t kUnroll = 6;  // rows of a register block: 12 sums, 2 operands and a broadcast fill 16 registers

typedef float Vec __attribute__((vector_size(kLanes * sizeof(float))));
typedef std::uint32_t UintVec __attribute__((vector_size(kLanes * sizeof(float))));

#define WEAN_INLINE inline __attribute__((always_inline))

WEAN_INLINE Vec load(const float* from) {
  Vec value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}
WEAN_INLINE void store(float* to, Vec value) { __builtin_memcpy(to, &value, sizeof value); }
// Subtracting zero changes nothing and costs nothing; adding it would turn -0 into 0 with an instruction.
WEAN_INLINE Vec splat(float value) { return value - Vec{}; }

/// 2^x for x <= 0, within 1 ulp; 0 below -126, NaN for NaN. Coefficients: minimax of the relative error on [-1/2, 1/2].
WEAN_INLINE Vec exp2_nonpositive(Vec x) {
  constexpr float kRound = 0x1.8p23F;  // adding it leaves the nearest integer in the low bits
  const Vec shifted = x + kRound;
  const Vec r = x - (shifted - kRound);
  Vec p = r * 1.535335904918611e-4F + 1.3398875016719103e-3F;
  p = p * r + 9.61843691766262e-3F;
  p = p * r + 5.5503323674201965e-2F;
  p = p * r + 2.4022647738456726e-1F;
  p = p * r + 6.931471824645996e-1F;
  p = p * r + 1.0F;
  const UintVec exponent = reinterpret_cast<UintVec>(shifted) << 23;
  const Vec result = reinterpret_cast<Vec>(reinterpret_cast<UintVec>(p) + exponent);
  return x < -126.0F ? Vec{} : result;
}

WEAN_INLINE float to_float(float value) { return value; }
WEAN_INLINE float to_float(std::uint16_t bfloat16) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(bfloat16) << 16);
}
WEAN_INLINE void from_float(float value, float& to) { to = value; }
WEAN_INLINE void from_float(float value, std::uint16_t& to) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t rounded = bits + 0x7FFF + ((bits >> 16) & 1);  // nearest, ties to even
  to = static_cast<std::uint16_t>((value != value ? bits | 0x400000 : rounded) >> 16);
}

/// A [rows, k] by element strides, row by row in registers.
struct Operand {
  const float* data;
  Index row_stride;
  Index k_stride;
};

/// out[m][lane] = out[m][lane] * keep[lane] + sum over k of a[m][k] * b[k][lane] for kRows rows; `out` and `b` have
/// rows of kStrip. Without kKeep the old `out` is not read.
template <std::size_t kRows, bool kKeep>
WEAN_INLINE void multiply_rows(const Operand& a, const float* b, Index k_count, const Vec (&keep)[2], float* out) {
  constexpr auto M = static_cast<Index>(kRows);
  Vec sum[kRows][2];
  for (Index m = 0; m < M; ++m) {
    for (Index j = 0; j < 2; ++j) sum[m][j] = kKeep ? load(out + m * kStrip + j * kLanes) * keep[j] : Vec{};
  }
  const float* element = a.data;
  for (Index k = 0; k < k_count; ++k) {
    const Vec b0 = load(b);
    const Vec b1 = load(b + kLanes);
    for (Index m = 0; m < M; ++m) {
      const Vec factor = splat(element[m * a.row_stride]);
      sum[m][0] += factor * b0;
      sum[m][1] += factor * b1;
    }
    element += a.k_stride;
    b += kStrip;
  }
  for (Index m = 0; m < M; ++m) {
    for (Index j = 0; j < 2; ++j) store(out + m * kStrip + j * kLanes, sum[m][j]);
  }
}

template <bool kKeep>
WEAN_INLINE void multiply(Operand a, Index rows, const float* b, Index k_count, const Vec (&keep)[2], float* out) {
  const auto advance = [&](Index done) {
    a.data += done * a.row_stride;
    out += done * kStrip;
    rows -= done;
  };
  for (; rows >= Index{kUnroll}; advance(kUnroll)) multiply_rows<kUnroll, kKeep>(a, b, k_count, keep, out);
  for (; rows >= 4; advance(4)) multiply_rows<4, kKeep>(a, b, k_count, keep, out);
  for (; rows >= 1; advance(1)) multiply_rows<1, kKeep>(a, b, k_count, keep, out);
}

/// Online softmax of one strip: scores [keys][kStrip] become weights relative to the new maxima, sums follow, and
/// `keep` is what earlier output and sums shrink by.
WEAN_INLINE void softmax_step(float* scores, Index keys, float* maxima, float* sums, Vec (&keep)[2]) {
  for (Index j = 0; j < 2; ++j) {
    float* column = scores + j * kLanes;
    const Vec before = load(maxima + j * kLanes);
    Vec maximum = before;
    for (Index i = 0; i < keys; ++i) {
      const Vec score = load(column + i * kStrip);
      maximum = score > maximum ? score : maximum;
    }
    // Rows that have seen nothing but -inf: any finite reference gives weights of zero.
    const Vec reference = maximum == splat(-__builtin_inff()) ? Vec{} : maximum;
    keep[j] = exp2_nonpositive(before - reference);
    Vec sum{};
    for (Index i = 0; i < keys; ++i) {
      const Vec weight = exp2_nonpositive(load(column + i * kStrip) - reference);
      store(column + i * kStrip, weight);
      sum += weight;
    }
    store(maxima + j * kLanes, maximum);
    store(sums + j * kLanes, load(sums + j * kLanes) * keep[j] + sum);
  }
}

/// The thread's scratch, cut up. Strip s of q_t and o_t begins at s * head_dim * kStrip.
struct Scratch {
  float *q_t, *o_t, *scores, *keys, *values, *maxima, *sums;
  explicit Scratch(float* base)
      : q_t(base),
        o_t(q_t + kTileRows * kMaxHeadDim),
        scores(o_t + kTileRows * kMaxHeadDim),
        keys(scores + kTileKeys * 64),
        values(keys + kTileKeys * kMaxHeadDim),
        maxima(values + kTileKeys * kMaxHeadDim),
        sums(maxima + kTileRows) {}
};

template <typename T>
void load_queries(const AttentionTile& tile, Index padded, const Scratch& scratch) {
  for (Index row = 0; row < padded; ++row) {
    float* to = scratch.q_t + row / kStrip * tile.head_dim * kStrip + row % kStrip;
    const T* from = static_cast<const T*>(tile.q) + row * tile.q_stride;
    for (Index d = 0; d < tile.head_dim; ++d)
      to[d * kStrip] = row < tile.rows ? to_float(from[d]) * tile.scale_log2 : 0;
    scratch.maxima[row] = -__builtin_inff();
    scratch.sums[row] = 0;
  }
  for (Index i = 0; i < padded * tile.head_dim; ++i) scratch.o_t[i] = 0;
}

template <typename T>
void store_output(const AttentionTile& tile, const Scratch& scratch) {
  for (Index row = 0; row < tile.rows; ++row) {
    const float* from = scratch.o_t + row / kStrip * tile.head_dim * kStrip + row % kStrip;
    T* to = static_cast<T*>(tile.o) + row * tile.o_stride;
    const float sum = scratch.sums[row];
    const float factor = sum == 0 ? 0 : 1 / sum;
    for (Index d = 0; d < tile.head_dim; ++d) from_float(from[d * kStrip] * factor, to[d]);
    if (tile.lse == nullptr) continue;
    const float log2_sum = scratch.maxima[row] + __builtin_log2f(sum);
    tile.lse[row] = sum == 0 ? -__builtin_inff() : log2_sum * 0.693147180559945309F;
  }
}

/// Rows of a range as float: in place, or converted into `to`.
WEAN_INLINE Operand rows_as_float(const float* from, Index stride, const KeyRange& range, Index, float*) {
  return {from + range.begin * stride, stride, 1};
}
WEAN_INLINE Operand rows_as_float(const std::uint16_t* from, Index stride, const KeyRange& range, Index dim,
                                  float* to) {
  for (Index i = 0; i < range.count; ++i) {
    const std::uint16_t* row = from + (range.begin + i) * stride;
    for (Index d = 0; d < dim; ++d) to[i * dim + d] = to_float(row[d]);
  }
  return {to, dim, 1};
}

template <typename T>
void run_typed(const AttentionTile& tile) {
  const Scratch scratch(tile.scratch);
  const Index padded = (tile.rows + kStrip - 1) / kStrip * kStrip;
  const Index dim = tile.head_dim;
  load_queries<T>(tile, padded, scratch);
  for (Index r = 0; r < tile.range_count; ++r) {
    const KeyRange& range = tile.ranges[r];
    const Operand keys = rows_as_float(static_cast<const T*>(tile.k), tile.k_stride, range, dim, scratch.keys);
    const Operand values = rows_as_float(static_cast<const T*>(tile.v), tile.v_stride, range, dim, scratch.values);
    for (Index row = 0; row < padded; row += kStrip) {
      Vec keep[2] = {};
      multiply<false>(keys, range.count, scratch.q_t + row * dim, dim, keep, scratch.scores);
      softmax_step(scratch.scores, range.count, scratch.maxima + row, scratch.sums + row, keep);
      multiply<true>({values.data, 1, values.row_stride}, dim, scratch.scores, range.count, keep,
                     scratch.o_t + row * dim);
    }
  }
  store_output<T>(tile, scratch);
}

void run_tile(const AttentionTile& tile) {
  if (tile.type == ElementType::kFloat32) {
    run_typed<float>(tile);
  } else {
    run_typed<std::uint16_t>(tile);
  }
}

}  // namespace
}  // namespace wean::kernels
