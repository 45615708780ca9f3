// One warp walks the mask and fetches: the query tile, then keys and values of its kept blocks, tile after tile.
#pragma once
#include "kernels/sm90/bit_walk.cuh"
#include "kernels/sm90/shared.cuh"

namespace wean::kernels::sm90 {

/// The tile after the one at work. Each stage asks for memory that the next stage reads, one step of keys later, so
/// that nothing is waited for.
struct NextTile {
  std::uint32_t tile;
  PlanItem item;
  std::uint32_t word;
  int stage;

  __device__ static const std::uint32_t* row(const KernelParams& p, const PlanItem& item) {
    return p.bits + (std::int64_t{item.head} * p.rows + item.row) * p.words;
  }
  __device__ void advance(const KernelParams& p, int lane) {
    if (stage == 3) return;
    if (stage == 0) {
      tile = lane == 0 ? gridDim.x + atomicAdd(&p.workspace->next, 1u) : 0;
    } else if (stage == 1) {
      tile = __shfl_sync(~0u, tile, 0);
      load_item(p);
    } else if (stage == 2) {
      load_word(p, lane);
    }
    ++stage;
  }
  __device__ void load_item(const KernelParams& p) {
    if (tile >= p.tiles) return;
    const int4 words = __ldg(reinterpret_cast<const int4*>(p.items + tile % p.mask_tiles));
    item = {words.x, words.y, words.z, words.w};
  }
  __device__ void load_word(const KernelParams& p, int lane) {
    if (tile < p.tiles) word = BitWalk::first_word(row(p, item), p.key_blocks, lane);
  }
};

/// The tokens at which the two halves of a step of 128 keys start.
struct Step {
  int token[2];
};

template <Config C>
struct Producer {
  using Bytes = Layout<C>;
  const KernelParams& p;
  Shared<C> shared;
  Waiter<C.watchdog> wait;
  int lane;
  Ring<kQuerySlots> query = {};
  Ring<C.key_stages> key = {};
  Ring<C.value_stages> value = {};
  BitWalk walk = {};
  Step step = {};  ///< that was asked for last

  /// `pending`: blocks of the tile not yet walked. An odd one of 64 keys comes alone, first, beside keys that are zero.
  __device__ Step next_step(int& pending) {
    Step step;
    if constexpr (C.key_block == kKeyStep) {
      step.token[0] = walk.next(lane) * kKeyStep;
      step.token[1] = step.token[0] + kHalfRows;
      --pending;
    } else {
      step.token[0] = walk.next(lane) * C.key_block;
      step.token[1] = p.key_blocks * C.key_block;
      if ((pending & 1) == 0) step.token[1] = walk.next(lane) * C.key_block;
      pending -= pending & 1 ? 1 : 2;
    }
    return step;
  }

  __device__ void load_tile(const CUtensorMap* map, std::uint32_t to, std::uint32_t full, const Step& step, int head,
                            int batch) {
    if (lane == 0) {
      barrier_arrive_expect(full, Bytes::kTileBytes);
#pragma unroll
      for (int box = 0; box < Bytes::kBoxes; ++box) {
        const std::uint32_t at = to + box * Bytes::kBoxBytes;
        tma_load(map, at, full, box, step.token[0], head, batch);
        if constexpr (C.key_block != kKeyStep) {
          tma_load(map, at + Bytes::kBoxBytes / 2, full, box, step.token[1], head, batch);
        }
      }
    }
    __syncwarp();
  }
  __device__ static void tma_load(const CUtensorMap* map, std::uint32_t to, std::uint32_t full, int box, int token,
                                  int head, int batch) {
    sm90::tma_load(to, map, full, box * kBoxWidth, token, head, batch);
  }

  __device__ void load_key(const Step& step, const TileInfo& info) {
    wait(shared.key_empty(key.slot), key.phase ^ 1, Wait::kKeyEmpty, key.slot);
    load_tile(&p.k, shared.key(key.slot), shared.key_full(key.slot), step, info.head, info.batch);
    key.advance();
  }
  __device__ void load_value(const Step& step, const TileInfo& info) {
    wait(shared.value_empty(value.slot), value.phase ^ 1, Wait::kValueEmpty, value.slot);
    load_tile(&p.v, shared.value(value.slot), shared.value_full(value.slot), step, info.head, info.batch);
    value.advance();
  }

  /// Announces a tile; its query rows follow unless the row of blocks is empty.
  __device__ void load_query(const TileInfo& info) {
    const std::uint32_t full = shared.query_full(query.slot);
    wait(shared.query_empty(query.slot), query.phase ^ 1, Wait::kQueryEmpty, query.slot);
    if (lane == 0) {
      shared.set_info(query.slot, info);
      if (info.steps > 0) {
        barrier_arrive_expect(full, Bytes::kTileBytes);
#pragma unroll
        for (int box = 0; box < Bytes::kBoxes; ++box) {
          tma_load(&p.q, shared.query(query.slot) + box * Bytes::kBoxBytes, full, box, info.row * kQueryBlock,
                   info.head, info.batch);
        }
      } else {
        barrier_arrive(full);
      }
    }
    __syncwarp();
    query.advance();
  }

  __device__ TileInfo describe(std::uint32_t tile, const PlanItem& item) const {
    TileInfo info = {};
    info.row = item.row;
    info.head = p.mask_batch == 1 ? item.head : item.head % p.heads;
    info.batch = p.mask_batch == 1 ? static_cast<int>(tile / p.mask_tiles) : item.head / p.heads;
    info.steps = C.key_block == kKeyStep ? item.count : (item.count + 1) / 2;
    return info;
  }

  /// The tile's description and its first step; none if the run has no such tile or its row is empty.
  __device__ TileInfo begin(const NextTile& now, int& pending) {
    TileInfo info = {};
    pending = 0;
    if (now.tile >= p.tiles) {
      info.steps = kNoMoreTiles;
      return info;
    }
    info = describe(now.tile, now.item);
    pending = now.item.count;
    if (pending == 0) return info;
    walk.start(NextTile::row(p, now.item), p.key_blocks, lane, now.word);
    step = next_step(pending);
    info.valid[0] = max(0, min(kHalfRows, p.k_tokens - step.token[0]));
    info.valid[1] = max(0, min(kHalfRows, p.k_tokens - step.token[1]));
    return info;
  }

  /// Keys of a step are asked for before the values of the step before, also from tile to tile: buffers of values are
  /// freed later, and waiting for one must not hold up the keys.
  __device__ void run() {
    NextTile next = {blockIdx.x, {}, 0, 1};
    next.load_item(p);
    next.load_word(p, lane);
    next.stage = 3;
    TileInfo info = {};
    for (;;) {
      while (next.stage < 3) next.advance(p, lane);
      const TileInfo before = info;
      Step last = step;
      int pending;
      info = begin(next, pending);
      next.stage = 0;
      load_query(info);
      if (info.steps > 0) load_key(step, info);
      if (before.steps > 0) load_value(last, before);
      if (info.steps == kNoMoreTiles) break;
      while (pending > 0) {
        next.advance(p, lane);
        last = step;
        step = next_step(pending);
        load_key(step, info);
        load_value(last, info);
      }
    }
    if (lane == 0) {
      __threadfence();
      if (atomicAdd(&p.workspace->ended, 1u) + 1 == gridDim.x) *p.workspace = {0, 0};
    }
  }
};

/// A warp for each half of the query rows sends their output from the query's buffer and then frees it.
template <Config C>
__device__ void store_output(const KernelParams& p, const Shared<C>& shared, const Waiter<C.watchdog>& wait, int half,
                             int lane) {
  using Bytes = Layout<C>;
  for (Ring<kQuerySlots> query;; query.advance()) {
    wait(shared.query_full(query.slot), query.phase, Wait::kQueryFull, query.slot);
    const TileInfo info = shared.info(query.slot, lane);
    if (info.steps == kNoMoreTiles) return;
    wait(shared.output(query.slot, half), query.phase, Wait::kOutput, query.slot);
    const int token = info.row * kQueryBlock + half * kHalfRows;
    if (lane == 0) {
      if (token < p.q_tokens) {
#pragma unroll
        for (int box = 0; box < Bytes::kBoxes; ++box) {
          const std::uint32_t from =
              shared.query(query.slot) + box * Bytes::kBoxBytes + half * kHalfRows * kBoxWidth * 2;
          tma_store(&p.o, from, box * kBoxWidth, token, info.head, info.batch);
        }
        tma_store_commit();
        tma_store_wait_read();
      }
      barrier_arrive(shared.query_empty(query.slot));
    }
    __syncwarp();
  }
}

}  // namespace wean::kernels::sm90
