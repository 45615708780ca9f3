#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>

#include "common/base/checked.h"
#include "kernels/cuda/check.h"
#include "kernels/sm80/block_sparse_attention.h"
#include "kernels/sm80/launch.cuh"

namespace wean::kernels::sm80 {
namespace {

constexpr std::int64_t kElementBytes = 2;
constexpr std::int64_t kRows = 128;

Arguments arguments_of(const CudaMask& mask, const CudaAttentionParams& p) {
  Arguments a = {};
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
  a.scale = static_cast<float>(scale);
  a.scale_log2 = static_cast<float>(scale * kLog2E);
  return a;
}

void launch_of(const Arguments& arguments, const CudaAttentionParams& p, unsigned tiles, void* stream) {
  const bool wide = p.head_dim == 128;
  if (p.type == CudaElementType::kFloat16) {
    return wide ? launch<__half, 128>(arguments, tiles, stream) : launch<__half, 64>(arguments, tiles, stream);
  }
  return wide ? launch<__nv_bfloat16, 128>(arguments, tiles, stream)
              : launch<__nv_bfloat16, 64>(arguments, tiles, stream);
}

}  // namespace

std::size_t workspace_bytes(const CudaMask&, const CudaAttentionParams&) { return 0; }

void block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void*, void*, void* stream) {
  const Arguments arguments = arguments_of(mask, params);
  const auto tiles = static_cast<unsigned>(params.batch * mask.heads * arguments.rows);
  launch_of(arguments, params, tiles, stream);
}

}  // namespace wean::kernels::sm80
