#include "kernels/sm90/launch.h"

#include <algorithm>
#include <cmath>

#include "kernels/cuda/check.h"
#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/tensor_map.h"

namespace wean::kernels::sm90 {

const Kernel* select_kernel(CudaElementType type, std::int64_t head_dim, std::int64_t key_block) {
  const bool half = type == CudaElementType::kFloat16;
  for (const Kernel* kernel : kKernels) {
    const Config& c = kernel->config;
    if (c.half == half && c.head_dim == head_dim && c.key_block == key_block) return kernel;
  }
  return nullptr;
}

KernelParams make_params(const CudaMask& mask, const CudaAttentionParams& a, const void* plan, void* workspace) {
  const PlanLayout layout(mask);
  const auto number = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
  const TensorView q = {a.q,     a.head_dim,       mask.q_tokens,   mask.heads,
                        a.batch, a.q_stride_token, a.q_stride_head, a.q_stride_batch};
  const TensorView k = {a.k,     a.head_dim,       mask.k_tokens,   mask.heads,
                        a.batch, a.k_stride_token, a.k_stride_head, a.k_stride_batch};
  const TensorView v = {a.v,     a.head_dim,       mask.k_tokens,   mask.heads,
                        a.batch, a.v_stride_token, a.v_stride_head, a.v_stride_batch};
  const TensorView o = {a.o,     a.head_dim,       mask.q_tokens,   mask.heads,
                        a.batch, a.o_stride_token, a.o_stride_head, a.o_stride_batch};
  const int key_box = number(mask.k_block);
  KernelParams p = {};
  p.q = make_tensor_map(q, a.type, kQueryBlock, "q");
  p.k = make_tensor_map(k, a.type, key_box, "k");
  p.v = make_tensor_map(v, a.type, key_box, "v");
  p.o = make_tensor_map(o, a.type, kHalfRows, "o");
  p.bits = mask.bits;
  p.items = static_cast<const PlanItem*>(plan);
  p.workspace = static_cast<Workspace*>(workspace);
  p.log_sum_exp = a.log_sum_exp;
  p.mask_tiles = static_cast<std::uint32_t>(layout.heads * layout.rows);
  p.tiles = static_cast<std::uint32_t>(layout.heads * layout.rows * (a.batch / mask.batch));
  p.heads = number(mask.heads);
  p.rows = number(layout.rows);
  p.key_blocks = number(layout.key_blocks);
  p.words = number(layout.words);
  p.mask_batch = number(mask.batch);
  p.q_tokens = number(mask.q_tokens);
  p.k_tokens = number(mask.k_tokens);
  const double scale = a.scale == 0 ? 1 / std::sqrt(static_cast<double>(a.head_dim)) : a.scale;
  p.scale_log2 = static_cast<float>(scale * 1.4426950408889634);
  return p;
}

unsigned persistent_blocks(const KernelParams& params) {
  int device = 0, processors = 0;
  check_cuda(cudaGetDevice(&device), "cudaGetDevice");
  check_cuda(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  return std::min(params.tiles, static_cast<unsigned>(processors));
}

void block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan, void* workspace,
                            void* stream) {
  const Kernel* kernel = select_kernel(params.type, params.head_dim, mask.k_block);
  const KernelParams p = make_params(mask, params, plan, workspace);
  kernel->launch(p, persistent_blocks(p), stream);
}

}  // namespace wean::kernels::sm90
