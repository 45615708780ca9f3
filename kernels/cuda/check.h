// CUDA calls report through wean::Error.
#pragma once
#include <cuda_runtime_api.h>

#include "common/base/error.h"

namespace wean::kernels {

/// Throws kGpuMemory when memory ran out, kNoGpu for everything else, as `what: CUDA's text`.
inline void check_cuda(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  const auto code = status == cudaErrorMemoryAllocation ? ErrorCode::kGpuMemory : ErrorCode::kNoGpu;
  fail(code, what, ": ", cudaGetErrorString(status));
}

}  // namespace wean::kernels
