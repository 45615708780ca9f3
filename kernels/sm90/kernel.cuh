// The kernel: three warpgroups, persistent. kernels/docs/block_sparse_attention.md explains it.
#pragma once
#include "kernels/sm90/consumer.cuh"
#include "kernels/sm90/producer.cuh"

namespace wean::kernels::sm90 {

/// `Choice::kConfig` is the configuration: nvcc's host code cannot name a kernel that has it as the argument.
template <class Choice>
__global__ void __launch_bounds__(kThreads, 1) attention_kernel(const __grid_constant__ KernelParams p) {
  constexpr Config C = Choice::kConfig;
  extern __shared__ __align__(1024) std::uint8_t memory[];
  const Shared<C> shared = {shared_address(memory)};
  const int warp = __shfl_sync(~0u, static_cast<int>(threadIdx.x) / 32, 0), lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    if (shared.base % 1024 != 0) __trap();  // the swizzle counts from multiples of 1,024
    shared.init_barriers();
    shared.set_gate();
  }
  __syncthreads();
  if (warp < 4) {
    registers_shrink<kProducerRegisters>();
    if (warp == 0) {
      Producer<C>{p, shared, {p.watchdog, Role::kProducer}, lane}.run();
    } else if (warp < 3) {
      const Role role = warp == 1 ? Role::kStore0 : Role::kStore1;
      store_output<C>(p, shared, {p.watchdog, role}, warp - 1, lane);
    }
  } else {
    registers_grow<kConsumerRegisters>();
    const int half = warp / 4 - 1;
    const Role role = half == 0 ? Role::kConsumer0 : Role::kConsumer1;
    Consumer<C>{p, shared, {p.watchdog, role}, half, warp % 4, lane}.run();
  }
}

}  // namespace wean::kernels::sm90
