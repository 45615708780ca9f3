// A warpgroup turns 64 query rows into output: scores, softmax and weighted sum of one step of 128 keys after another.
#pragma once
#include "kernels/sm90/shared.cuh"
#include "kernels/sm90/softmax.cuh"
#include "kernels/sm90/turns.cuh"
#include "kernels/sm90/wgmma.cuh"

namespace wean::kernels::sm90 {

/// Named barriers; 0 is __syncthreads.
enum NamedBarrier : int { kTurn = 1, kWarpgroup = 3 };

template <Config C>
struct Consumer {
  static_assert(valid(C));
  using Bytes = Layout<C>;
  static constexpr int kOutputs = C.head_dim / 2, kSlices = C.head_dim / 16;
  using Scores = float[64];
  using Weights = std::uint32_t[8][4];
  using Query = std::uint32_t[kSlices][4];
  using Output = float[kOutputs];

  const KernelParams& p;
  Shared<C> shared;
  Waiter<C.watchdog> wait;
  int half, warp, lane;  ///< which warpgroup, and which warp of it
  Ring<kQuerySlots> query = {};
  Ring<C.key_stages> key = {};
  Ring<C.value_stages> value = {};
  bool key_there = false, value_there = false;  ///< what look_ahead() found for the step that follows

  __device__ void release(std::uint32_t empty) const {
    if (lane == 0) barrier_arrive(empty);
  }
  __device__ void release_key() const { release(shared.key_empty(key.slot)); }
  __device__ void release_value() const { release(shared.value_empty(value.slot)); }
  __device__ void take_turn() const { named_sync(kTurn + half, 256); }
  __device__ void pass_turn() const { named_arrive(kTurn + (half ^ 1), 256); }
  __device__ void wait_key() const { wait(shared.key_full(key.slot), key.phase, Wait::kKeyFull, key.slot); }
  __device__ void wait_value() const { wait(shared.value_full(value.slot), value.phase, Wait::kValueFull, value.slot); }
  __device__ TileInfo wait_tile() const {
    wait(shared.query_full(query.slot), query.phase, Wait::kQueryFull, query.slot);
    return shared.info(query.slot, lane);
  }
  /// Asks for the next step's keys and for this one's values while there is something else to do.
  __device__ __forceinline__ void look_ahead() {
    key_there = barrier_test(shared.key_full(key.slot), key.phase);
    value_there = barrier_test(shared.value_full(value.slot), value.phase);
  }

  /// Where this lane's part of a 16 x 16 piece of the query's (and then the output's) tile in `slot` is.
  __device__ std::uint32_t piece(std::uint32_t slot, int slice) const {
    const int row = half * kHalfRows + warp * 16 + (lane & 15), chunk = 2 * slice + (lane >> 4);
    return shared.query(slot) + chunk / 8 * Bytes::kBoxBytes + row * 128 + (((chunk & 7) ^ (row & 7)) << 4);
  }
  __device__ __forceinline__ void load_query(Query& q) const {
    if constexpr (C.query_in_registers) {
#pragma unroll
      for (int i = 0; i < kSlices; ++i) load_matrices(piece(query.slot, i), q[i]);
    }
  }

  /// s = q k^T, issued only.
  __device__ __forceinline__ void issue_scores(Scores& s, const Query& q) const {
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
  __device__ __forceinline__ void issue_output(Output& o, const Weights& weights) const {
    const std::uint64_t values = matrix_descriptor(shared.value(value.slot), 1024, Bytes::kBoxBytes);
#pragma unroll
    for (int i = 0; i < 8; ++i) wgmma<C.half, 1>(o, weights[i], values + (i * 16 * kBoxWidth * 2 >> 4));
    wgmma_commit();
  }

  /// The same scores again, by this warp alone.
  __device__ __forceinline__ void repeat_scores(Scores& s, const Query& q) const {
#pragma unroll
    for (int i = 0; i < 64; ++i) s[i] = 0;
    const int row = (lane >> 4) * 8 + (lane & 7);
#pragma unroll
    for (int slice = 0; slice < kSlices; ++slice) {
      const int chunk = 2 * slice + (lane >> 3 & 1);
      const std::uint32_t from =
          shared.key(key.slot) + chunk / 8 * Bytes::kBoxBytes + row * 128 + (((chunk & 7) ^ (row & 7)) << 4);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        std::uint32_t keys[4];
        load_matrices(from + i * 16 * 128, keys);
        warp_multiply<C.half>(s + 8 * i, q[slice], keys[0], keys[1]);
        warp_multiply<C.half>(s + 8 * i + 4, q[slice], keys[2], keys[3]);
      }
    }
  }

  /// The first step, with nothing before it under which its softmax could run.
  __device__ __forceinline__ void start(const TileInfo& info, Scores& s, Weights& weights, Query& q, RowState& state) {
    load_query(q);
    wait_key();
    wgmma_fence();
    issue_scores(s, q);
    wgmma_wait<0>();
    accumulators_ready(s);
    release_key();
    key.advance();
    if (info.valid[0] < kHalfRows || info.valid[1] < kHalfRows) mask_scores(s, info.valid, lane);
    softmax_first(s, state, p.scale_log2);
    look_ahead();
    to_operand<C.half>(s, weights);
  }

  /// Scores of this step, output of the one before.
  __device__ __forceinline__ void step(Scores& s, Weights& weights, const Query& q, Output& o, RowState& state) {
    if (!key_there) wait_key();
    if (!value_there) wait_value();
    wgmma_fence();
    issue_scores(s, q);
    issue_output(o, weights);
    wgmma_wait<1>();
    accumulators_ready(s);
    if constexpr (C.anchored) {
      anchored_softmax(s, q, o, state);
    } else {
      softmax(s, o, state);
    }
    key.advance();
    value.advance();
    look_ahead();
    to_operand<C.half>(s, weights);
  }

  __device__ __forceinline__ void exponentials_of_step(Scores& s, float (&sum)[2]) const {
    if constexpr (!C.turns) {
      exponentials(s, sum);
    } else {
      const auto take = [&] {
        take_turn();
        return shared.gate();
      };
      const auto pass = [&](float some) {
        pin(some, shared.scratch());
        pass_turn();
        return shared.gate();
      };
      exponentials_in_turn(s, sum, take, pass);
    }
  }
  __device__ __forceinline__ void wait_output(Output& o) const {
    wgmma_wait<0>();
    accumulators_ready(o);
    release_value();
  }

  /// Exponentials under the output of the step before, which is there and rescaled afterwards; keys are freed.
  __device__ __forceinline__ void softmax(Scores& s, Output& o, RowState& state) const {
    float factor[2], sum[2];
    release_key();
    const bool grown = next_exponents<C.lazy_rescale>(s, state, factor, p.scale_log2);
    exponentials_of_step(s, sum);
    add_sums(state, factor, sum);
    pin(fminf(state.sum[0], state.sum[1]), shared.scratch());
    wait_output(o);
    if (!C.lazy_rescale || grown) rescale(o, factor);
  }
  /// The same without a maximum, unless sums become too large without.
  __device__ __forceinline__ void anchored_softmax(Scores& s, const Query& q, Output& o, RowState& state) const {
    float sum[2];
    exponents(s, state.maximum, p.scale_log2);
    exponentials_of_step(s, sum);
    const bool again = too_large<C.half>(sum);
    if (!again) release_key();  // depends on every exponential: none of them waits for the output
    wait_output(o);
    if (__builtin_expect(again, 0)) {
      float factor[2];
      repeat_scores(s, q);
      release_key();
      next_exponents<false>(s, state, factor, p.scale_log2);
      exponentials(s, sum);
      add_sums(state, factor, sum);
      rescale(o, factor);
    } else {
      state.sum[0] += sum[0];
      state.sum[1] += sum[1];
    }
  }

  /// Output of the last step, with nothing beside it.
  __device__ __forceinline__ void last_output(const Weights& weights, Output& o) {
    wait_value();
    wgmma_fence();
    issue_output(o, weights);
    wait_output(o);
    value.advance();
  }

  /// Divides by the row sums and stages the output in this warpgroup's rows of the query's buffer in `slot`.
  __device__ __forceinline__ void finish(std::uint32_t slot, bool empty, Output& o, RowState& state) const {
    float inverse[2];
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      float sum = state.sum[row];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      inverse[row] = empty ? 0.f : 1.f / sum;
      state.sum[row] = empty ? -INFINITY : (fmaf(state.maximum[row], p.scale_log2, __log2f(sum))) * 0.69314718f;
    }
    rescale(o, inverse);
    if (p.log_sum_exp != nullptr) store_log_sum_exp(shared.info(slot, lane), state.sum);
    // Query rows that matrix instructions read are in use until every warp is here; registers hold a warp's own rows.
    if constexpr (!C.query_in_registers) named_sync(kWarpgroup + half, 128);
#pragma unroll
    for (int i = 0; i < kSlices; ++i) {
      store_matrices(piece(slot, i), pack<C.half>(o[8 * i], o[8 * i + 1]), pack<C.half>(o[8 * i + 2], o[8 * i + 3]),
                     pack<C.half>(o[8 * i + 4], o[8 * i + 5]), pack<C.half>(o[8 * i + 6], o[8 * i + 7]));
    }
    fence_async_proxy();
    __syncwarp();
    release(shared.output(slot, half));
    release(shared.query_empty(slot));
  }

  __device__ static __forceinline__ void clear(Output& o) {
#pragma unroll
    for (int i = 0; i < kOutputs; ++i) o[i] = 0;
  }

  __device__ __forceinline__ void store_log_sum_exp(const TileInfo& info, const float (&sum)[2]) const {
    if ((lane & 3) != 0) return;
    const int first = info.row * kQueryBlock + half * kHalfRows + warp * 16 + lane / 4;
    float* out = p.log_sum_exp + (std::int64_t{info.batch} * p.heads + info.head) * p.q_tokens;
    if (first < p.q_tokens) out[first] = sum[0];
    if (first + 8 < p.q_tokens) out[first + 8] = sum[1];
  }

  /// A tile that has steps.
  __device__ __forceinline__ void attend(const TileInfo& info) {
    Scores s;
    Weights weights;
    Query q;
    Output o;
    RowState state;
    clear(o);
    start(info, s, weights, q, state);
#pragma unroll 1
    for (int i = 1; i < info.steps; ++i) step(s, weights, q, o, state);
    last_output(weights, o);
    finish(query.slot, false, o, state);
  }

  __device__ void run() {
    if (C.turns && half == 1) pass_turn();  // the first turn
    for (;; query.advance()) {
      const TileInfo info = wait_tile();
      if (info.steps == kNoMoreTiles) return;
      if (info.steps > 0) {
        attend(info);
      } else {
        Output o;
        RowState state = {{0, 0}, {0, 0}};
        clear(o);
        finish(query.slot, true, o, state);
      }
    }
  }
};

}  // namespace wean::kernels::sm90
