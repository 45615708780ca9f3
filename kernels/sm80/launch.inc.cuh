#pragma once
#include "kernels/cuda/check.h"
#include "kernels/sm80/block_sparse_attention.cuh"
#include "kernels/sm80/launch.cuh"

namespace wean::kernels::sm80 {

template <typename Element, int kDim>
void launch(const Arguments& arguments, unsigned tiles, void* stream) {
  constexpr const char* kWhat = "block_sparse_attention, kernel for compute capability 8.0";
  const auto kernel = block_sparse_attention_kernel<Element, kDim>;
  constexpr int kBytes = Config<kDim>::kSharedBytes;
  // Of the function on the current device, no work on the stream: legal while the stream is captured.
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes), kWhat);
  launch_cuda(kWhat, kernel, tiles, Config<kDim>::kThreads, kBytes, stream, arguments);
}

}  // namespace wean::kernels::sm80
