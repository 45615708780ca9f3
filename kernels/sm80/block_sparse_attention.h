// Block-sparse attention for compute capability 8.0 and anything newer without a kernel of its own: mma.sync, cp.async.
#pragma once
#include <cstddef>

#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels::sm80 {

/// Bytes of workspace that a run needs: none.
std::size_t workspace_bytes(const CudaMask& mask, const CudaAttentionParams& params);

/// As cuda_block_sparse_attention, which has checked the call. Rows are walked straight from the bits: `plan` and
/// `workspace` are not touched and may be null. Throws wean::Error: kUsage when there are 2^31 or more (batch, head,
/// query block) tiles, kNoGpu and kGpuMemory as the driver reports them.
void block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan, void* workspace,
                            void* stream);

}  // namespace wean::kernels::sm80
