// What can be chosen when the Hopper kernel is compiled, and the shared memory that follows from it.
#pragma once
#include <cstdint>

namespace wean::kernels::sm90 {

inline constexpr int kQueryBlock = 128;  ///< query rows of a tile: 64 for each of the two consumer warpgroups
inline constexpr int kKeyStep = 128;     ///< keys of a step, whatever the mask's block: two blocks of 64 share a step
inline constexpr int kHalfRows = 64;     ///< query rows of a warpgroup
inline constexpr int kBoxWidth = 64;     ///< elements of a row in one TMA box: 128 bytes, the width of the swizzle
inline constexpr int kThreads = 384;
inline constexpr int kProducerRegisters = 40, kConsumerRegisters = 232;  ///< 40 + 2 * 232 = 3 * 168, the launch's cap

/// One compiled kernel. Everything below the first line changes speed, never results beyond rounding.
struct Config {
  bool half = false;  ///< fp16 instead of bf16
  int head_dim = 128, key_block = 128;
  bool query_in_registers = false;
  bool lazy_rescale = false;  ///< rescale the output only when a row maximum grew by more than 8 in log2
  bool anchored = false;      ///< no maximum after a tile's first step, until exponentials become too large
  bool turns = false;         ///< the warpgroups compute their exponentials in turn
  int key_stages = 3, value_stages = 2;
  bool watchdog = false;  ///< a barrier that is waited for too long ends the kernel with a report
};

constexpr bool valid(const Config& c) { return !c.anchored || (c.query_in_registers && !c.lazy_rescale); }

inline constexpr int kQuerySlots = 2;

/// Byte offsets in dynamic shared memory. Every buffer is a multiple of 1,024 bytes, the repeat of the swizzle.
template <Config C>
struct Layout {
  static constexpr int kBoxes = C.head_dim / kBoxWidth;
  static constexpr int kBoxBytes = kKeyStep * kBoxWidth * 2;  // 128 rows of 128 bytes
  static constexpr int kTileBytes = kBoxes * kBoxBytes;
  static constexpr int kQuery = 0;
  static constexpr int kKey = kQuery + kQuerySlots * kTileBytes;
  static constexpr int kValue = kKey + C.key_stages * kTileBytes;
  static constexpr int kBarriers = kValue + C.value_stages * kTileBytes;
  static constexpr int kBytes = kBarriers + 1024;
  static_assert(kBytes <= 232448, "a block has 227 KB of shared memory");
  static_assert(kQueryBlock == kKeyStep, "query, key and value tiles have one shape");
};

}  // namespace wean::kernels::sm90
