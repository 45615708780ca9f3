// Addresses in shared memory: the tiles, their barriers, and what the producer tells about a tile.
#pragma once
#include "kernels/sm90/config.h"
#include "kernels/sm90/params.h"
#include "kernels/sm90/ptx.cuh"
#include "kernels/sm90/ring.h"
#include "kernels/sm90/watchdog.cuh"

namespace wean::kernels::sm90 {

/// Written before the query's full barrier is arrived at, read by everyone who waited for it.
struct alignas(32) TileInfo {
  std::int32_t steps;     ///< of 128 keys; kNoMoreTiles ends the kernel
  std::int32_t valid[2];  ///< keys that count among the first and the last 64 of the first step
  std::int32_t row, head, batch;
};
inline constexpr std::int32_t kNoMoreTiles = -1;

template <Config C>
struct Shared {
  using Bytes = Layout<C>;
  std::uint32_t base;

  __device__ std::uint32_t query(std::uint32_t slot) const { return base + Bytes::kQuery + slot * Bytes::kTileBytes; }
  __device__ std::uint32_t key(std::uint32_t slot) const { return base + Bytes::kKey + slot * Bytes::kTileBytes; }
  __device__ std::uint32_t value(std::uint32_t slot) const { return base + Bytes::kValue + slot * Bytes::kTileBytes; }

  __device__ std::uint32_t query_full(std::uint32_t slot) const { return barrier(slot); }
  __device__ std::uint32_t query_empty(std::uint32_t slot) const { return barrier(2 + slot); }
  __device__ std::uint32_t output(std::uint32_t slot, std::uint32_t half) const { return barrier(4 + 2 * slot + half); }
  __device__ std::uint32_t key_full(std::uint32_t slot) const { return barrier(8 + slot); }
  __device__ std::uint32_t key_empty(std::uint32_t slot) const { return barrier(8 + C.key_stages + slot); }
  __device__ std::uint32_t value_full(std::uint32_t slot) const { return barrier(8 + 2 * C.key_stages + slot); }
  __device__ std::uint32_t value_empty(std::uint32_t slot) const {
    return barrier(8 + 2 * C.key_stages + C.value_stages + slot);
  }
  static_assert(8 + 2 * C.key_stages + 2 * C.value_stages <= 64, "barriers take at most 512 bytes");
  /// A word that is 1: see exponentials_in_turn.
  __device__ void set_gate() const { asm volatile("st.shared.u32 [%0], 1;" ::"r"(scratch() - 4) : "memory"); }
  __device__ std::uint32_t gate() const {
    std::uint32_t one;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(one) : "r"(scratch() - 4) : "memory");
    return one;
  }
  /// Four bytes that are never read.
  __device__ std::uint32_t scratch() const { return base + Bytes::kBarriers + 1020; }

  __device__ void set_info(std::uint32_t slot, const TileInfo& t) const {
    const std::uint32_t to = info_address(slot);
    asm volatile("st.shared.v4.s32 [%0], {%1, %2, %3, %4};" ::"r"(to), "r"(t.steps), "r"(t.valid[0]), "r"(t.valid[1]),
                 "r"(t.row)
                 : "memory");
    asm volatile("st.shared.v2.s32 [%0], {%1, %2};" ::"r"(to + 16), "r"(t.head), "r"(t.batch) : "memory");
  }
  /// For a whole warp. Its first lane, which frees the slot too, reads for all.
  __device__ TileInfo info(std::uint32_t slot, int lane) const {
    TileInfo t = {};
    if (lane == 0) t = read_info(slot);
    const auto first = [](std::int32_t value) { return __shfl_sync(~0u, value, 0); };
    return {first(t.steps), {first(t.valid[0]), first(t.valid[1])}, first(t.row), first(t.head), first(t.batch)};
  }

  __device__ void init_barriers() const {
    for (std::uint32_t slot = 0; slot < kQuerySlots; ++slot) {
      barrier_init(query_full(slot), Arrivals::kQueryFull);
      barrier_init(query_empty(slot), Arrivals::kQueryEmpty);
      barrier_init(output(slot, 0), Arrivals::kOutput);
      barrier_init(output(slot, 1), Arrivals::kOutput);
    }
    for (std::uint32_t slot = 0; slot < C.key_stages; ++slot) {
      barrier_init(key_full(slot), Arrivals::kFull);
      barrier_init(key_empty(slot), Arrivals::kEmpty);
    }
    for (std::uint32_t slot = 0; slot < C.value_stages; ++slot) {
      barrier_init(value_full(slot), Arrivals::kFull);
      barrier_init(value_empty(slot), Arrivals::kEmpty);
    }
    fence_barrier_init();
  }

 private:
  __device__ TileInfo read_info(std::uint32_t slot) const {
    TileInfo t;
    const std::uint32_t from = info_address(slot);
    asm volatile("ld.shared.v4.s32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(t.steps), "=r"(t.valid[0]), "=r"(t.valid[1]), "=r"(t.row)
                 : "r"(from)
                 : "memory");
    asm volatile("ld.shared.v2.s32 {%0, %1}, [%2];" : "=r"(t.head), "=r"(t.batch) : "r"(from + 16) : "memory");
    return t;
  }
  __device__ std::uint32_t barrier(std::uint32_t index) const { return base + Bytes::kBarriers + 8 * index; }
  __device__ std::uint32_t info_address(std::uint32_t slot) const { return base + Bytes::kBarriers + 512 + 32 * slot; }
};

}  // namespace wean::kernels::sm90
