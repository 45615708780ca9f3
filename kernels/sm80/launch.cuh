// Starts the kernel of one element type and head dimension. Internal to this folder.
#pragma once
#include <cuda_runtime.h>

#include "kernels/sm80/config.h"

namespace wean::kernels::sm80 {

/// Defined by instantiations/: one translation unit each, so that they compile side by side.
template <typename Element, int kDim>
cudaError_t launch(const Arguments& arguments, unsigned tiles, cudaStream_t stream);

}  // namespace wean::kernels::sm80
