// One CTA of CUDA threads on the host, for testing kernels where there is no GPU: every thread is a fiber of one host
// thread, warps meet in exchange(), the CTA in __syncthreads(). Slow, sequential, and the same every time.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

namespace wean::emulated {

struct Index {
  unsigned x = 0;
};
struct Bfloat16 {};

inline constexpr std::size_t kSharedBytes = 96 * 1024;
extern unsigned char* const shared_memory;  ///< wean::kernels::sm80::shared

/// Runs `body` as `threads` threads (a multiple of 32) of block `block`. Shared memory starts as NaN bytes. Throws
/// std::logic_error when threads wait for each other at different places.
void run_block(unsigned block, unsigned threads, const std::function<void()>& body);

extern Index current_thread, current_block;
[[nodiscard]] inline std::uint32_t lane() { return current_thread.x % 32; }

/// Waits until every thread of the CTA, or of the warp, has called it.
void wait_for_block();
void wait_for_warp();
/// 64 bytes of each thread, which its warp may read between two waits.
[[nodiscard]] unsigned char* mailbox(unsigned thread);

template <typename Value>
using Lanes = std::array<Value, 32>;

/// A copy in the background: `to` holds NaN bytes until wait_copies of the same thread says that it has arrived.
void copy_async(std::uint32_t to, const void* from, bool valid);
void end_copies();
void wait_copies(std::size_t pending);

/// What every lane of the warp passed.
template <typename Value>
Lanes<Value> exchange(const Value& value) {
  static_assert(sizeof(Value) <= 64);
  const unsigned thread = current_thread.x;
  std::memcpy(mailbox(thread), &value, sizeof value);
  wait_for_warp();
  Lanes<Value> all;
  for (unsigned i = 0; i < 32; ++i) std::memcpy(&all[i], mailbox(thread / 32 * 32 + i), sizeof value);
  wait_for_warp();
  return all;
}

}  // namespace wean::emulated

// The words of CUDA C++ that the kernels use. As macros or globals, because the kernels know them so.
#define __device__
#define __global__
#define __shared__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define threadIdx ::wean::emulated::current_thread
#define blockIdx ::wean::emulated::current_block

struct uint4 {
  std::uint32_t x, y, z, w;
};
using __nv_bfloat16 = wean::emulated::Bfloat16;
using std::min;

inline void __syncthreads() { wean::emulated::wait_for_block(); }
inline void __syncwarp() { wean::emulated::wait_for_warp(); }
inline float __shfl_xor_sync(unsigned, float value, unsigned mask) {
  return wean::emulated::exchange(value)[wean::emulated::lane() ^ mask];
}
inline bool __any_sync(unsigned, bool value) {
  const auto all = wean::emulated::exchange(value);
  return std::any_of(all.begin(), all.end(), [](bool one) { return one; });
}
inline std::uint32_t __ldg(const std::uint32_t* from) { return *from; }
inline int __ffs(int value) { return __builtin_ffs(value); }
inline std::size_t __cvta_generic_to_shared(const void* pointer) {
  return static_cast<std::size_t>(static_cast<const unsigned char*>(pointer) - wean::emulated::shared_memory);
}
