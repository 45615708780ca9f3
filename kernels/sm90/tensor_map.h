// Tensor maps of the copy engine, made without linking the driver's library.
#pragma once
#include <cuda.h>

#include <cstdint>

#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels::sm90 {

/// A [batch, tokens, heads, dim] tensor by strides (elements; a stride of a dimension of one entry is ignored).
struct TensorView {
  const void* data = nullptr;
  std::int64_t dim = 0, tokens = 0, heads = 0, batch = 0;
  std::int64_t token_stride = 0, head_stride = 0, batch_stride = 0;
};

/// A map over [batch][head][token][dim] whose boxes are 64 elements x `box_tokens`, swizzled over 128 bytes; what lies
/// outside reads as zero and is not written. Throws wean::Error when the driver refuses.
CUtensorMap make_tensor_map(const TensorView& view, CudaElementType type, int box_tokens, const char* name);

}  // namespace wean::kernels::sm90
