#pragma once
#include "kernels/sm80/block_sparse_attention.cuh"
#include "kernels/sm80/launch.cuh"

namespace wean::kernels::sm80 {

template <typename Element, int kDim>
cudaError_t launch(const Arguments& arguments, unsigned tiles, cudaStream_t stream) {
  const auto kernel = block_sparse_attention_kernel<Element, kDim>;
  constexpr int kBytes = Config<kDim>::kSharedBytes;
  // Of the function on the current device, no work on the stream: legal while the stream is captured.
  const cudaError_t status = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (status != cudaSuccess) return status;
  kernel<<<tiles, Config<kDim>::kThreads, kBytes, stream>>>(arguments);
  return cudaGetLastError();
}

}  // namespace wean::kernels::sm80
