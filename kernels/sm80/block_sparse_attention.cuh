// The kernel of the sm_80 variant. Fragments are those of mma.m16n8k16: with lane = 4 g + t, a 16x8 accumulator holds
// rows g and g + 8, columns 2t and 2t + 1.
#pragma once
#include "kernels/sm80/ptx.cuh"
#include "kernels/sm80/walk.cuh"

namespace wean::kernels::sm80 {

inline constexpr float kNothing = -__builtin_huge_valf();
inline constexpr unsigned kAllLanes = 0xFFFFFFFF;

/// Tokens are rows of kRowBytes in shared memory. Their 16-byte chunks are permuted by the row, so that eight rows at
/// one chunk lie in eight different groups of banks.
template <typename Shape>
__device__ inline std::uint32_t chunk_address(std::uint32_t base, int row, int chunk) {
  return base + static_cast<std::uint32_t>(row * Shape::kRowBytes + ((chunk ^ (row & 7)) << 4));
}

/// Starts copying kCount tokens to `to`; tokens from `valid` on become zeros.
template <typename Shape, int kCount>
__device__ inline void copy_tokens(std::uint32_t to, const char* from, std::int64_t stride, int valid) {
  constexpr int kChunks = Shape::kRowBytes / 16;
  constexpr int kPass = Shape::kThreads / kChunks;  // a multiple of 8: the permutation is the same in every pass
  const int chunk = static_cast<int>(threadIdx.x) % kChunks, row = static_cast<int>(threadIdx.x) / kChunks;
  to = chunk_address<Shape>(to, row, chunk);
  from += row * stride + 16 * chunk;
#pragma unroll
  for (int i = 0; i < kCount / kPass; ++i) {
    copy_async(to + static_cast<std::uint32_t>(i * kPass * Shape::kRowBytes), from, row + i * kPass < valid);
    from += kPass * stride;
  }
}

/// What one thread holds of its warp's 32 query rows: two 16-row halves, in each of them rows g and g + 8.
template <typename Shape>
struct Rows {
  float o[2][Shape::kHeadDim / 8][4] = {};
  float maximum[2][2] = {{kNothing, kNothing}, {kNothing, kNothing}};  ///< of q.k so far, not scaled
  float sum[2][2] = {};                                                ///< this thread's columns alone
};

using Scores = float[2][8][4];           ///< 32 rows x 64 keys
using Weights = std::uint32_t[2][4][4];  ///< the same in 16 bits, as the A operand of P V

template <typename Element, typename Shape>
__device__ inline void compute_scores(Scores& s, std::uint32_t queries, std::uint32_t keys) {
  const int lane = static_cast<int>(threadIdx.x) % 32, first = static_cast<int>(threadIdx.x) / 32 * 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int n = 0; n < 8; ++n) s[half][n][0] = s[half][n][1] = s[half][n][2] = s[half][n][3] = 0;
  }
#pragma unroll
  for (int step = 0; step < Shape::kHeadDim / 16; ++step) {
    std::uint32_t a[2][4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      load_matrices(a[half], chunk_address<Shape>(queries, first + 16 * half + lane % 16, 2 * step + lane / 16));
    }
#pragma unroll
    for (int n = 0; n < 4; ++n) {
      std::uint32_t b[4];
      load_matrices(b, chunk_address<Shape>(keys, 16 * n + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        Arithmetic<Element>::multiply_add(s[half][2 * n], a[half], b[0], b[1]);
        Arithmetic<Element>::multiply_add(s[half][2 * n + 1], a[half], b[2], b[3]);
      }
    }
  }
}

/// Keys from `valid` on do not exist.
__device__ inline void mask_scores(Scores& s, int valid) {
  const int column = static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int n = 0; n < 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) s[half][n][i] = 8 * n + column + i % 2 < valid ? s[half][n][i] : kNothing;
    }
  }
}

/// One step of the online softmax: scores become weights relative to the largest score so far, and what was summed
/// before is brought to the same base.
template <typename Shape>
__device__ inline void softmax(Scores& s, Rows<Shape>& rows, float scale_log2) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float factor[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      float top = rows.maximum[half][r];
#pragma unroll
      for (int n = 0; n < 8; ++n) top = fmaxf(top, fmaxf(s[half][n][2 * r], s[half][n][2 * r + 1]));
      top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 1));
      top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 2));
      const float base = top == kNothing ? 0 : top * scale_log2;  // a row of -inf alone: all its weights are 0
      factor[r] = exp2_fast(rows.maximum[half][r] * scale_log2 - base);
      rows.maximum[half][r] = top;
      float sum = 0;
#pragma unroll
      for (int n = 0; n < 8; ++n) {
#pragma unroll
        for (int i = 2 * r; i < 2 * r + 2; ++i) {
          s[half][n][i] = exp2_fast(s[half][n][i] * scale_log2 - base);
          sum += s[half][n][i];
        }
      }
      rows.sum[half][r] = rows.sum[half][r] * factor[r] + sum;
    }
    // Maxima settle within a few steps; multiplying by 1 is then left out.
    if (!__any_sync(kAllLanes, factor[0] != 1 || factor[1] != 1)) continue;
#pragma unroll
    for (int n = 0; n < Shape::kHeadDim / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) rows.o[half][n][i] *= factor[i / 2];
    }
  }
}

template <typename Element>
__device__ inline void round_weights(Weights& p, const Scores& s) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int step = 0; step < 4; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float(&pair)[4] = s[half][2 * step + i / 2];
        p[half][step][i] = Arithmetic<Element>::pack(pair[i % 2 * 2], pair[i % 2 * 2 + 1]);
      }
    }
  }
}

template <typename Element, typename Shape>
__device__ inline void add_values(Rows<Shape>& rows, const Weights& p, std::uint32_t values) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
  for (int step = 0; step < 4; ++step) {
#pragma unroll
    for (int n = 0; n < Shape::kHeadDim / 16; ++n) {
      std::uint32_t b[4];
      load_matrices_transposed(b, chunk_address<Shape>(values, 16 * step + lane % 16, 2 * n + lane / 16));
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        Arithmetic<Element>::multiply_add(rows.o[half][2 * n], p[half][step], b[0], b[1]);
        Arithmetic<Element>::multiply_add(rows.o[half][2 * n + 1], p[half][step], b[2], b[3]);
      }
    }
  }
}

/// One tile: which rows of which head, and where its tensors begin.
struct Tile {
  const std::uint32_t* row;
  const char *q, *k, *v;
  char* o;
  float* log_sum_exp;
  int valid;  ///< query rows that exist
};

__device__ inline Tile tile_of(const Arguments& a) {
  const int u = static_cast<int>(blockIdx.x % static_cast<unsigned>(a.rows));
  const int rest = static_cast<int>(blockIdx.x / static_cast<unsigned>(a.rows));
  const std::int64_t head = rest % a.heads, batch = rest / a.heads, token = std::int64_t{128} * u;
  const auto at = [=](const Stride& s, std::int64_t t) { return batch * s.batch + head * s.head + t * s.token; };
  Tile tile;
  tile.row = a.bits + batch * a.bits_stride_batch + (head * a.rows + u) * a.words;
  tile.q = a.q + at(a.q_stride, token);
  tile.k = a.k + at(a.k_stride, 0);
  tile.v = a.v + at(a.v_stride, 0);
  tile.o = a.o + at(a.o_stride, token);
  tile.log_sum_exp = a.log_sum_exp == nullptr ? nullptr : a.log_sum_exp + (batch * a.heads + head) * a.q_tokens + token;
  tile.valid = min(128, a.q_tokens - 128 * u);
  return tile;
}

/// Divides by the sums, and leaves O in shared memory in the place of Q, whose rows of this warp only it has read.
template <typename Element, typename Shape>
__device__ inline void finish_rows(Rows<Shape>& rows, unsigned char* shared, const Tile& tile, float scale) {
  const int lane = static_cast<int>(threadIdx.x) % 32, first = static_cast<int>(threadIdx.x) / 32 * 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = first + 16 * half + 8 * r + lane / 4;
      float sum = rows.sum[half][r];
      sum += __shfl_xor_sync(kAllLanes, sum, 1);
      sum += __shfl_xor_sync(kAllLanes, sum, 2);
      const bool empty = sum == 0;
      const float factor = 1 / sum;
#pragma unroll
      for (int n = 0; n < Shape::kHeadDim / 8; ++n) {
        const float low = empty ? 0 : rows.o[half][n][2 * r] * factor;
        const float high = empty ? 0 : rows.o[half][n][2 * r + 1] * factor;
        *reinterpret_cast<std::uint32_t*>(shared + chunk_address<Shape>(0, row, n) + 4 * (lane % 4)) =
            Arithmetic<Element>::pack(low, high);
      }
      if (tile.log_sum_exp != nullptr && lane % 4 == 0 && row < tile.valid) {
        tile.log_sum_exp[row] = empty ? kNothing : rows.maximum[half][r] * scale + logf(sum);
      }
    }
  }
}

/// Each warp writes its 32 rows, 16 bytes a lane.
template <typename Shape>
__device__ inline void store_rows(const unsigned char* shared, const Tile& tile, std::int64_t stride) {
  constexpr int kChunks = Shape::kRowBytes / 16;
  const int lane = static_cast<int>(threadIdx.x) % 32, first = static_cast<int>(threadIdx.x) / 32 * 32;
  const int chunk = lane % kChunks;
#pragma unroll 4
  for (int i = lane / kChunks; i < 32; i += 32 / kChunks) {
    const int row = first + i;
    if (row >= tile.valid) continue;
    *reinterpret_cast<uint4*>(tile.o + row * stride + 16 * chunk) =
        *reinterpret_cast<const uint4*>(shared + chunk_address<Shape>(0, row, chunk));
  }
}

/// A query block that keeps nothing.
template <typename Shape>
__device__ inline void store_empty(const Tile& tile, std::int64_t stride) {
  constexpr int kChunks = Shape::kRowBytes / 16;
  const int thread = static_cast<int>(threadIdx.x), chunk = thread % kChunks;
  for (int row = thread / kChunks; row < tile.valid; row += Shape::kThreads / kChunks) {
    *reinterpret_cast<uint4*>(tile.o + row * stride + 16 * chunk) = uint4{0, 0, 0, 0};
  }
  if (tile.log_sum_exp != nullptr && thread < tile.valid) tile.log_sum_exp[thread] = kNothing;
}

template <typename Element, int kDim>
__global__ void __launch_bounds__(Config<kDim>::kThreads, Config<kDim>::kCtasPerSm)
    block_sparse_attention_kernel(const __grid_constant__ Arguments arguments) {
  using Shape = Config<kDim>;
  extern __shared__ __align__(128) unsigned char shared[];
  const Tile tile = tile_of(arguments);
  Walk walk(arguments, tile.row);
  int key = walk.next();
  if (key < 0) {
    store_empty<Shape>(tile, arguments.o_stride.token);
    return;
  }
  const auto queries = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const std::uint32_t ring = queries + Shape::kQueryBytes;
  const auto copy = [&](int stage, const char* tensor, std::int64_t stride, int from) {
    copy_tokens<Shape, Shape::kKeys>(ring + static_cast<std::uint32_t>(stage * Shape::kStageBytes),
                                     tensor + from * stride, stride, arguments.k_tokens - from);
  };
  copy_tokens<Shape, Shape::kRows>(queries, tile.q, arguments.q_stride.token, tile.valid);
  copy(0, tile.k, arguments.k_stride.token, key);
  end_copies();
  copy(1, tile.v, arguments.v_stride.token, key);
  end_copies();
  Rows<Shape> rows;
  // Half steps use the stages in turn. The copy that a half step starts goes to the stage that the half step before it
  // has read, which all threads have left behind at the barrier.
  for (int k_stage = 0;;) {
    const int v_stage = k_stage == 2 ? 0 : k_stage + 1;
    const int free_stage = k_stage == 0 ? 2 : k_stage - 1;
    const int next = walk.next();
    wait_copies<1>();
    __syncthreads();
    if (next >= 0) copy(free_stage, tile.k, arguments.k_stride.token, next);
    end_copies();
    Scores s;
    compute_scores<Element, Shape>(s, queries, ring + static_cast<std::uint32_t>(k_stage * Shape::kStageBytes));
    if (key + Shape::kKeys > arguments.k_tokens) mask_scores(s, arguments.k_tokens - key);
    softmax<Shape>(s, rows, arguments.scale_log2);
    Weights p;
    round_weights<Element>(p, s);
    wait_copies<1>();
    __syncthreads();
    if (next >= 0) copy(k_stage, tile.v, arguments.v_stride.token, next);
    end_copies();
    add_values<Element, Shape>(rows, p, ring + static_cast<std::uint32_t>(v_stage * Shape::kStageBytes));
    if (next < 0) break;
    key = next;
    k_stage = free_stage;
  }
  finish_rows<Element, Shape>(rows, shared, tile, arguments.scale);
  __syncwarp();
  store_rows<Shape>(shared, tile, arguments.o_stride.token);
}

}  // namespace wean::kernels::sm80
