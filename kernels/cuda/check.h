// CUDA calls report through wean::Error.
#pragma once
#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "common/base/error.h"

namespace wean::kernels {

/// The errors that mean: this machine has no GPU that can run this build.
inline bool means_no_gpu(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorInitializationError:
    case cudaErrorStubLibrary:
    case cudaErrorDevicesUnavailable:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorSystemNotReady:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
      return true;
    default:
      return false;
  }
}

/// Throws as `what: CUDA's text`: kGpuMemory when memory ran out, kNoGpu when there is no GPU to run on, and
/// std::runtime_error, an internal error, for everything else. CUDA's own last error is cleared, so that the caller's
/// next check, torch's for one, does not find it.
inline void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  const std::string text = std::string(what) + ": " + cudaGetErrorString(status);
  if (status == cudaErrorMemoryAllocation) fail(ErrorCode::kGpuMemory, text);
  if (means_no_gpu(status)) fail(ErrorCode::kNoGpu, text);
  throw std::runtime_error(text);
}

/// Launches, and throws for an error of this launch alone: cudaGetLastError would also find one that the caller left.
template <typename... Parameters, typename... Arguments>
void launch_cuda(const char* what, void (*kernel)(Parameters...), unsigned blocks, unsigned threads,
                 std::size_t shared_bytes, void* stream, Arguments&&... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream);
  check_cuda(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), what);
}

}  // namespace wean::kernels
