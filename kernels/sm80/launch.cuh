// Starts the kernel of one element type and head dimension. Internal to this folder.
#pragma once
#include "kernels/sm80/config.h"

namespace wean::kernels::sm80 {

/// Throws as check_cuda does. Defined by instantiations/: one translation unit each, so that they compile side by side.
template <typename Element, int kDim>
void launch(const Arguments& arguments, unsigned tiles, void* stream);

}  // namespace wean::kernels::sm80
