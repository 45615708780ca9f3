// From a call to a launch: parameters, and the kernel among those that were compiled.
#pragma once
#include <cstddef>

#include "kernels/sm90/config.h"
#include "kernels/sm90/params.h"

namespace wean::kernels::sm90 {

/// One compiled kernel.
struct Kernel {
  Config config;
  void (*launch)(const KernelParams& params, unsigned blocks, void* stream);
};

/// The kernel of the library for these sizes. Pure; null when there is none.
const Kernel* select_kernel(CudaElementType type, std::int64_t head_dim, std::int64_t key_block);

/// Bytes of workspace: zero before the first run, left so by every run.
constexpr std::size_t workspace_bytes() { return 256; }

/// Everything of a checked call but the watchdog's report.
KernelParams make_params(const CudaMask& mask, const CudaAttentionParams& params, const void* plan, void* workspace);

/// Blocks of a persistent launch on the current device.
unsigned persistent_blocks(const KernelParams& params);

/// A checked call on a device of compute capability 9.x.
void block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan, void* workspace,
                            void* stream);

}  // namespace wean::kernels::sm90
