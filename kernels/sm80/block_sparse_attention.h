// Block-sparse attention for compute capability 8.0 and later: mma.sync and cp.async, no plan needed.
#pragma once
#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels {

/// cuda_block_sparse_attention (kernels/cuda) with this variant. The caller has checked the parameters, all but what
/// only this variant limits; `plan` and `workspace` are not touched and may be null. Throws wean::Error: kUsage when
/// there are 2^31 or more (batch, head, query block) tiles, kNoGpu and kGpuMemory as the driver reports them.
void sm80_block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan,
                                 void* workspace, void* stream);

}  // namespace wean::kernels
