// The interface in a build without CUDA: every call that would need a device says so.
#include "common/base/error.h"
#include "kernels/cuda/block_sparse_attention.h"

namespace wean::kernels {
namespace {

[[noreturn]] void refuse() { fail(ErrorCode::kNoGpu, "this build of wean has no CUDA kernels (WEAN_CUDA=OFF)"); }

}  // namespace

std::size_t cuda_plan_bytes(const CudaMask&) { refuse(); }
void cuda_plan(const CudaMask&, void*, void*) { refuse(); }
std::size_t cuda_run_bytes(const CudaMask&, const CudaAttentionParams&) { refuse(); }
void cuda_block_sparse_attention(const CudaMask&, const CudaAttentionParams&, const void*, void*, void*) { refuse(); }

}  // namespace wean::kernels
