// Compiles one kernel and wraps its launch.
#pragma once
#include "kernels/cuda/check.h"
#include "kernels/sm90/kernel.cuh"
#include "kernels/sm90/launch.h"

namespace wean::kernels::sm90 {

template <class Choice>
void launch_kernel(const KernelParams& params, unsigned blocks, void* stream) {
  constexpr int kBytes = Layout<Choice::kConfig>::kBytes;
  check_cuda(cudaFuncSetAttribute(attention_kernel<Choice>, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes),
             "cuda_block_sparse_attention: shared memory");
  launch_cuda("cuda_block_sparse_attention: launch", attention_kernel<Choice>, blocks, kThreads, kBytes, stream,
              params);
}

template <class Choice>
inline constexpr Kernel kKernelOf = {Choice::kConfig, launch_kernel<Choice>};

}  // namespace wean::kernels::sm90
