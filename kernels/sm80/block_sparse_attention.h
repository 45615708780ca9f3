// The portable kernel: compute capability 8.0 and anything newer without a kernel of its own.
#pragma once
#include <cstddef>

#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels::sm80 {

/// Bytes of workspace: zero before the first run, left so by every run.
std::size_t workspace_bytes(const CudaMask& mask, const CudaAttentionParams& params);

/// As cuda_block_sparse_attention, which has checked the call. The plan is that of kernels/cuda/plan.h.
void block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan, void* workspace,
                            void* stream);

}  // namespace wean::kernels::sm80
