#include "kernels/cuda/block_sparse_attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/cuda/check.h"
#include "kernels/cuda/plan.h"
#include "kernels/sm80/block_sparse_attention.h"
#include "kernels/sm90/launch.h"

namespace wean::kernels {

void launch_plan(const CudaMask& mask, void* plan, void* stream);  // plan.cu

namespace {

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 30;
constexpr std::int64_t kMaxTiles = std::int64_t{1} << 31;

template <typename... Parts>
void check(bool ok, Parts&&... parts) {
  require(ok, ErrorCode::kUsage, "cuda_block_sparse_attention: ", std::forward<Parts>(parts)...);
}

void check_range(const char* field, std::int64_t value, std::int64_t low, std::int64_t high) {
  check(value >= low && value <= high, field, " ", value, "; ", low, " to ", high, " is allowed");
}

void check_aligned(const char* field, const void* pointer, std::uintptr_t bytes) {
  check(pointer != nullptr, field, " is null; a pointer is required");
  check(reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0, field, " is not aligned to ", bytes, " bytes");
}

void check_sizes(const CudaMask& mask) {
  check_range("mask.batch", mask.batch, 1, 1 << 20);
  check_range("mask.heads", mask.heads, 1, 1 << 20);
  check_range("mask.q_tokens", mask.q_tokens, 1, kMaxTokens);
  check_range("mask.k_tokens", mask.k_tokens, 1, kMaxTokens);
  check(mask.q_block == 128 && (mask.k_block == 128 || mask.k_block == 64), "mask blocks ", mask.q_block, "x",
        mask.k_block, "; 128x128 and 128x64 are supported");
  check(PlanLayout(mask).rows * mask.batch * mask.heads < kMaxTiles, "the mask has 2^31 rows of blocks or more");
}

void check_strides(const char* field, std::int64_t head_dim, std::int64_t batch, std::int64_t token,
                   std::int64_t head) {
  const auto ok = [&](std::int64_t stride) { return stride >= 0 && stride % 8 == 0 && stride < std::int64_t{1} << 39; };
  check(ok(batch) && ok(token) && ok(head) && token >= head_dim, "strides of ", field, " ", batch, ", ", token, ", ",
        head, "; multiples of 8 below 2^39 are required, of a token at least head_dim");
}

/// Inputs may repeat a head or a batch entry with stride 0; an output may not.
void check_output(const CudaMask& mask, const CudaAttentionParams& p) {
  check((p.o_stride_head != 0 || mask.heads == 1) && (p.o_stride_batch != 0 || p.batch == 1),
        "strides of o: 0 between heads or batch entries; places of their own are required");
}

void check_call(const CudaMask& mask, const CudaAttentionParams& p) {
  check_sizes(mask);
  check(p.type == CudaElementType::kBfloat16 || p.type == CudaElementType::kFloat16, "type ", static_cast<int>(p.type),
        "; bfloat16 and float16 are supported");
  check(p.head_dim == 64 || p.head_dim == 128, "head_dim ", p.head_dim, "; 64 and 128 are supported");
  check_range("batch", p.batch, 1, 1 << 20);
  check(mask.batch == 1 || mask.batch == p.batch, "mask.batch ", mask.batch, "; 1 or the run's batch ", p.batch,
        " is required");
  check(PlanLayout(mask).rows * p.batch * mask.heads < kMaxTiles, "the run has 2^31 rows of blocks or more");
  check(std::isfinite(p.scale) && p.scale >= 0, "scale ", p.scale, "; a finite one of at least 0 is required");
  check_strides("q", p.head_dim, p.q_stride_batch, p.q_stride_token, p.q_stride_head);
  check_strides("k", p.head_dim, p.k_stride_batch, p.k_stride_token, p.k_stride_head);
  check_strides("v", p.head_dim, p.v_stride_batch, p.v_stride_token, p.v_stride_head);
  check_strides("o", p.head_dim, p.o_stride_batch, p.o_stride_token, p.o_stride_head);
  check_output(mask, p);
}

void check_pointers(const CudaMask& mask, const CudaAttentionParams& p, const void* plan, const void* workspace) {
  check_aligned("mask.bits", mask.bits, 4);
  check_aligned("q", p.q, 16);
  check_aligned("k", p.k, 16);
  check_aligned("v", p.v, 16);
  check_aligned("o", p.o, 16);
  if (p.log_sum_exp != nullptr) check_aligned("log_sum_exp", p.log_sum_exp, 4);
  check_aligned("plan", plan, 256);
  check_aligned("workspace", workspace, 256);
}

/// Major and minor as one number of the current device: 90 for 9.0.
int compute_capability() {
  int device = 0, major = 0, minor = 0;
  check_cuda(cudaGetDevice(&device), "cuda_block_sparse_attention");
  check_cuda(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cuda_block_sparse_attention");
  check_cuda(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "cuda_block_sparse_attention");
  return 10 * major + minor;
}

}  // namespace

std::size_t cuda_plan_bytes(const CudaMask& mask) {
  check_sizes(mask);
  return PlanLayout(mask).bytes;
}

void cuda_plan(const CudaMask& mask, void* plan, void* stream) {
  check_sizes(mask);
  check_aligned("mask.bits", mask.bits, 4);
  check_aligned("plan", plan, 256);
  launch_plan(mask, plan, stream);
}

std::size_t cuda_run_bytes(const CudaMask& mask, const CudaAttentionParams& params) {
  check_call(mask, params);
  return std::max(sm90::workspace_bytes(), sm80::workspace_bytes(mask, params));
}

void cuda_block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan,
                                 void* workspace, void* stream) {
  check_call(mask, params);
  check_pointers(mask, params, plan, workspace);
  const int capability = compute_capability();
  require(capability >= 80, ErrorCode::kNoGpu, "cuda_block_sparse_attention: the GPU has compute capability ",
          capability / 10, ".", capability % 10, "; 8.0 or newer is required");
  if (capability / 10 == 9) return sm90::block_sparse_attention(mask, params, plan, workspace, stream);
  sm80::block_sparse_attention(mask, params, plan, workspace, stream);
}

}  // namespace wean::kernels
