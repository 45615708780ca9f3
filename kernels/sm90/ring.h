// The position of a role in a ring of buffers, shared by the kernel and by the model that tests its protocol.
#pragma once
#include <cstdint>

#ifdef __CUDACC__
#define WEAN_HOST_DEVICE __host__ __device__ __forceinline__
#else
#define WEAN_HOST_DEVICE inline
#endif

namespace wean::kernels::sm90 {

/// Slot and phase parity. A consumer waits for the full barrier of `slot` with `phase`; a producer waits for the empty
/// barrier with `phase ^ 1`, which a barrier that never completed a phase passes.
template <int Slots>
struct Ring {
  std::uint32_t slot = 0, phase = 0;
  WEAN_HOST_DEVICE void advance() {
    if (++slot == Slots) {
      slot = 0;
      phase ^= 1;
    }
  }
};

/// Arrivals that complete a phase of each barrier.
struct Arrivals {
  static constexpr int kQueryFull = 1;  ///< the producer, with the bytes of the tile
  /// Each consumer warp, once it has read the tile's description for the last time, and each storing warp, once its
  /// half of the output has left the buffer.
  static constexpr int kQueryEmpty = 10;
  static constexpr int kOutput = 4;  ///< each warp of a warpgroup, once its rows of the output are staged
  static constexpr int kFull = 1;    ///< the producer, with the bytes of the step
  static constexpr int kEmpty = 8;   ///< each consumer warp
};

}  // namespace wean::kernels::sm90
