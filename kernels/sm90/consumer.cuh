// A warpgroup turns 64 query rows into output: scores, softmax and weighted sum of one step of 128 keys after another.
#pragma once
#include "kernels/sm90/shared.cuh"
#include "kernels/sm90/softmax.cuh"
#include "kernels/sm90/wgmma.cuh"

namespace wean::kernels::sm90 {

/// Named barriers; 0 is __syncthreads.
enum NamedBarrier : int { kTurn = 1, kWarpgroup = 3 };

template <Config C>
struct Consumer {
  using Bytes = Layout<C>;
  static constexpr int kOutputs = C.head_dim / 2, kSlices = C.head_dim / 16;
  const KernelParams& p;
  Shared<C> shared;
  Waiter<C.watchdog> wait;
  int half, warp, lane;  ///< which warpgroup, and which warp of it
  Ring<kQuerySlots> query = {};
  Ring<C.key_stages> key = {};
  Ring<C.value_stages> value = {};

  __device__ void release(std::uint32_t empty) const {
    if (lane == 0) barrier_arrive(empty);
  }
  __device__ void take_turn() const {
    if constexpr (C.ping_pong) named_sync(kTurn + half, 256);
  }
  __device__ void pass_turn() const {
    if constexpr (C.ping_pong) named_arrive(kTurn + (half ^ 1), 256);
  }
  __device__ void wait_key() const { wait(shared.key_full(key.slot), key.phase, Wait::kKeyFull, key.slot); }
  __device__ void wait_value() const { wait(shared.value_full(value.slot), value.phase, Wait::kValueFull, value.slot); }

  /// Where this lane's part of a 16 x 16 piece of the query's (and then the output's) tile is.
  __device__ std::uint32_t piece(int slice) const {
    const int row = half * kHalfRows + warp * 16 + (lane & 15), chunk = 2 * slice + (lane >> 4);
    return shared.query(query.slot) + chunk / 8 * Bytes::kBoxBytes + row * 128 + (((chunk & 7) ^ (row & 7)) << 4);
  }

  /// s = q k^T, issued only.
  __device__ __forceinline__ void issue_scores(float (&s)[64], const std::uint32_t (&q)[kSlices][4]) const {
    const std::uint64_t keys = matrix_descriptor(shared.key(key.slot), 1024, 16);
    const std::uint64_t rows = matrix_descriptor(shared.query(query.slot) + half * kHalfRows * kBoxWidth * 2, 1024, 16);
#pragma unroll
    for (int i = 0; i < kSlices; ++i) {
      const int at = (i / 4 * Bytes::kBoxBytes + i % 4 * 32) >> 4;
      if constexpr (C.query_in_registers) {
        if (i == 0) wgmma_first<C.half, 0>(s, q[i], keys + at);
        if (i != 0) wgmma<C.half, 0>(s, q[i], keys + at);
      } else {
        if (i == 0) wgmma_first<C.half, 0>(s, rows + at, keys + at);
        if (i != 0) wgmma<C.half, 0>(s, rows + at, keys + at);
      }
    }
    wgmma_commit();
  }
  /// o += weights v, issued only.
  __device__ __forceinline__ void issue_output(float (&o)[kOutputs], const std::uint32_t (&weights)[8][4]) const {
    const std::uint64_t values = matrix_descriptor(shared.value(value.slot), 1024, Bytes::kBoxBytes);
#pragma unroll
    for (int i = 0; i < 8; ++i) wgmma<C.half, 1>(o, weights[i], values + (i * 16 * kBoxWidth * 2 >> 4));
    wgmma_commit();
  }

  __device__ __forceinline__ void attend(const TileInfo& info, float (&o)[kOutputs], RowState& state) {
    float s[64];
    std::uint32_t weights[8][4], q[kSlices][4];
    if constexpr (C.query_in_registers) {
#pragma unroll
      for (int i = 0; i < kSlices; ++i) load_matrices(piece(i), q[i]);
    }
    wait_key();
    wgmma_fence();
    issue_scores(s, q);
    wgmma_wait<0>();
    accumulators_ready(s);
    release(shared.key_empty(key.slot));
    key.advance();
    if (info.valid[0] < kHalfRows || info.valid[1] < kHalfRows) mask_scores(s, info.valid, lane);
    softmax_first(s, state, p.scale_log2);
    to_operand<C.half>(s, weights);
#pragma unroll 1
    for (int step = 1; step < info.steps; ++step) {
      float factor[2];
      bool grown;
      wait_key();
      wait_value();
      take_turn();
      wgmma_fence();
      if constexpr (C.overlap) {
        issue_scores(s, q);
        issue_output(o, weights);
        pass_turn();
        wgmma_wait<1>();
        accumulators_ready(s);
        release(shared.key_empty(key.slot));
        grown = softmax_next<C.lazy_rescale>(s, state, factor, p.scale_log2);
        if constexpr (C.pin_exponentials) pin_before_wait(state, shared.scratch());
        wgmma_wait<0>();
        accumulators_ready(o);
        release(shared.value_empty(value.slot));
      } else {
        issue_output(o, weights);
        wgmma_wait<0>();
        accumulators_ready(o);
        release(shared.value_empty(value.slot));
        issue_scores(s, q);
        pass_turn();
        wgmma_wait<0>();
        accumulators_ready(s);
        release(shared.key_empty(key.slot));
        grown = softmax_next<C.lazy_rescale>(s, state, factor, p.scale_log2);
      }
      key.advance();
      value.advance();
      if (!C.lazy_rescale || grown) rescale(o, factor);
      to_operand<C.half>(s, weights);
    }
    wait_value();
    wgmma_fence();
    issue_output(o, weights);
    wgmma_wait<0>();
    accumulators_ready(o);
    release(shared.value_empty(value.slot));
    value.advance();
  }

  /// Divides by the row sums and stages the output in this warpgroup's rows of the query's buffer.
  __device__ __forceinline__ void finish(const TileInfo& info, float (&o)[kOutputs], RowState& state) const {
    float inverse[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      float sum = state.sum[row];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      inverse[row] = info.steps == 0 ? 0.f : 1.f / sum;
      state.sum[row] =
          info.steps == 0 ? -INFINITY : (fmaf(state.maximum[row], p.scale_log2, __log2f(sum))) * 0.69314718f;
    }
    rescale(o, inverse);
    named_sync(kWarpgroup + half, 128);  // all warps have read their query rows
#pragma unroll
    for (int i = 0; i < kSlices; ++i) {
      store_matrices(piece(i), pack<C.half>(o[8 * i], o[8 * i + 1]), pack<C.half>(o[8 * i + 2], o[8 * i + 3]),
                     pack<C.half>(o[8 * i + 4], o[8 * i + 5]), pack<C.half>(o[8 * i + 6], o[8 * i + 7]));
    }
    fence_async_proxy();
    __syncwarp();
    if (lane == 0) barrier_arrive(shared.output(query.slot, half));
    if (p.log_sum_exp != nullptr && (lane & 3) == 0) {
      const int first = info.row * kQueryBlock + half * kHalfRows + warp * 16 + lane / 4;
      float* out = p.log_sum_exp + (std::int64_t{info.batch} * p.heads + info.head) * p.q_tokens;
      if (first < p.q_tokens) out[first] = state.sum[0];
      if (first + 8 < p.q_tokens) out[first + 8] = state.sum[1];
    }
  }

  __device__ void run() {
    if (half == 1) pass_turn();  // the first turn
    for (;; query.advance()) {
      wait(shared.query_full(query.slot), query.phase, Wait::kQueryFull, query.slot);
      const TileInfo info = shared.info(query.slot);
      if (info.steps == kNoMoreTiles) return;
      float o[kOutputs];
#pragma unroll
      for (int i = 0; i < kOutputs; ++i) o[i] = 0;
      RowState state = {{0, 0}, {0, 0}};
      if (info.steps > 0) attend(info, o, state);
      finish(info, o, state);
    }
  }
};

}  // namespace wean::kernels::sm90
