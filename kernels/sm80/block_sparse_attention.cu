#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <limits>

#include "common/base/checked.h"
#include "common/base/error.h"
#include "kernels/sm80/block_sparse_attention.h"
#include "kernels/sm80/launch.cuh"

namespace wean::kernels {
namespace {

constexpr std::int64_t kElementBytes = 2;
constexpr std::int64_t kRows = 128;
/// Keys are counted in 32 bits, and the walk looks one block past the last.
constexpr std::int64_t kMaxTokens = std::numeric_limits<std::int32_t>::max() - 256;

void check_tokens(const char* field, std::int64_t tokens) {
  require(tokens <= kMaxTokens, ErrorCode::kUsage, "block_sparse_attention: ", field, " ", tokens,
          "; allowed are 0 to ", kMaxTokens);
}

sm80::Arguments arguments_of(const CudaMask& mask, const CudaAttentionParams& p) {
  sm80::Arguments a = {};
  a.bits = mask.bits;
  a.q = static_cast<const char*>(p.q);
  a.k = static_cast<const char*>(p.k);
  a.v = static_cast<const char*>(p.v);
  a.o = static_cast<char*>(p.o);
  a.log_sum_exp = p.log_sum_exp;
  a.q_stride = {p.q_stride_batch * kElementBytes, p.q_stride_token * kElementBytes, p.q_stride_head * kElementBytes};
  a.k_stride = {p.k_stride_batch * kElementBytes, p.k_stride_token * kElementBytes, p.k_stride_head * kElementBytes};
  a.v_stride = {p.v_stride_batch * kElementBytes, p.v_stride_token * kElementBytes, p.v_stride_head * kElementBytes};
  a.o_stride = {p.o_stride_batch * kElementBytes, p.o_stride_token * kElementBytes, p.o_stride_head * kElementBytes};
  const std::int64_t cols = ceil_div(mask.k_tokens, mask.k_block);
  a.heads = static_cast<int>(mask.heads);
  a.rows = static_cast<int>(ceil_div(mask.q_tokens, kRows));
  a.words = static_cast<int>(ceil_div(cols, std::int64_t{32}));
  a.bits_stride_batch = mask.batch == 1 ? 0 : mask.heads * a.rows * a.words;
  a.q_tokens = static_cast<int>(mask.q_tokens);
  a.k_tokens = static_cast<int>(mask.k_tokens);
  a.k_block = static_cast<int>(mask.k_block);
  a.last_word = cols % 32 == 0 ? ~0U : (1U << (cols % 32)) - 1;
  const double scale = p.scale == 0 ? 1 / std::sqrt(static_cast<double>(p.head_dim)) : static_cast<double>(p.scale);
  constexpr double kLog2E = 1.44269504088896340736;
  a.scale = static_cast<float>(std::abs(scale));
  a.scale_log2 = static_cast<float>(std::abs(scale) * kLog2E);
  a.negate = scale < 0;
  return a;
}

cudaError_t launch(const sm80::Arguments& arguments, const CudaAttentionParams& p, unsigned tiles,
                   cudaStream_t stream) {
  const bool wide = p.head_dim == 128;
  if (p.type == CudaElementType::kFloat16) {
    return wide ? sm80::launch<__half, 128>(arguments, tiles, stream)
                : sm80::launch<__half, 64>(arguments, tiles, stream);
  }
  return wide ? sm80::launch<__nv_bfloat16, 128>(arguments, tiles, stream)
              : sm80::launch<__nv_bfloat16, 64>(arguments, tiles, stream);
}

}  // namespace

void sm80_block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void*, void*,
                                 void* stream) {
  check_tokens("q_tokens", mask.q_tokens);
  check_tokens("k_tokens", mask.k_tokens);
  const sm80::Arguments arguments = arguments_of(mask, params);
  const std::int64_t most = std::numeric_limits<std::int32_t>::max();
  const std::int64_t tiles_of_head = ceil_div(mask.q_tokens, kRows);
  if (tiles_of_head == 0 || params.batch == 0) return;
  require(tiles_of_head <= most / mask.heads / params.batch, ErrorCode::kUsage, "block_sparse_attention: batch ",
          params.batch, " x heads ", mask.heads, " x query blocks ", tiles_of_head, "; allowed are ", most, " in all");
  const cudaError_t status = launch(arguments, params, static_cast<unsigned>(tiles_of_head * mask.heads * params.batch),
                                    static_cast<cudaStream_t>(stream));
  require(status == cudaSuccess, status == cudaErrorMemoryAllocation ? ErrorCode::kGpuMemory : ErrorCode::kNoGpu,
          "block_sparse_attention: the sm_80 kernel did not start: ", cudaGetErrorString(status));
}

}  // namespace wean::kernels
