// Block-sparse attention on CUDA devices: a plan once a mask, then runs that neither allocate nor wait for the host.
// Plain host declarations: callers need no CUDA headers. Streams are cudaStream_t passed as void*.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wean::kernels {

/// Element type of q, k, v and o on the device.
enum class CudaElementType : std::uint8_t { kBfloat16 = 1, kFloat16 = 2 };

/// Which blocks are kept. Pointers are device memory, borrowed until the last run with it has ended.
struct CudaMask {
  const std::uint32_t* bits = nullptr;  ///< [batch][heads][ceil(q_tokens/q_block)][ceil(ceil(k_tokens/k_block)/32)],
                                        ///< bit i of word w is key block 32w+i
  std::int64_t batch = 1;               ///< 1: shared by every batch entry of the run
  std::int64_t heads = 0, q_tokens = 0, k_tokens = 0;
  std::int64_t q_block = 128, k_block = 128;  ///< 128x128 or 128x64
};

/// One call. Pointers are device memory, 16-byte aligned, borrowed until the run has ended. Strides count elements, are
/// multiples of 8, and the last dimension is contiguous; a head or batch stride of q, k and v may be 0 (all share one).
struct CudaAttentionParams {
  const void* q = nullptr;       ///< [batch, q_tokens, heads, head_dim] by strides
  const void* k = nullptr;       ///< [batch, k_tokens, heads, head_dim] by strides
  const void* v = nullptr;       ///< [batch, k_tokens, heads, head_dim] by strides
  void* o = nullptr;             ///< [batch, q_tokens, heads, head_dim] by strides
  float* log_sum_exp = nullptr;  ///< [batch, heads, q_tokens] contiguous, natural logarithm, or null
  CudaElementType type = CudaElementType::kBfloat16;
  std::int64_t batch = 1, head_dim = 0;  ///< head_dim: 64 or 128
  std::int64_t q_stride_batch = 0, q_stride_token = 0, q_stride_head = 0;
  std::int64_t k_stride_batch = 0, k_stride_token = 0, k_stride_head = 0;
  std::int64_t v_stride_batch = 0, v_stride_token = 0, v_stride_head = 0;
  std::int64_t o_stride_batch = 0, o_stride_token = 0, o_stride_head = 0;
  float scale = 0;  ///< applied to q.k; 0 means 1/sqrt(head_dim)
};

/// Bytes of device memory that a plan of `mask` takes (its sizes alone are read).
std::size_t cuda_plan_bytes(const CudaMask& mask);

/// Writes the plan of `mask` to `plan` (device, 256-byte aligned, cuda_plan_bytes): kept blocks of each row and the
/// order of work. Asynchronous on `stream`; may be captured in a CUDA graph.
void cuda_plan(const CudaMask& mask, void* plan, void* stream);

/// Bytes of device memory that a run takes beside its tensors.
std::size_t cuda_run_bytes(const CudaMask& mask, const CudaAttentionParams& params);

/// o = softmax over the kept key blocks of (scale * q k^T) v; a query row with no kept block gives 0, and -inf in
/// log_sum_exp. `workspace` (device, 256-byte aligned, cuda_run_bytes) must be zero before its first run and is left
/// ready for the next; two runs that may overlap need one each. Asynchronous on `stream`: allocates nothing, never
/// synchronises, may be captured in a CUDA graph. Repeated runs give equal bits.
/// Throws wean::Error: kUsage naming the field that is out of range, kNoGpu without a device or for one older than
/// compute capability 8.0.
void cuda_block_sparse_attention(const CudaMask& mask, const CudaAttentionParams& params, const void* plan,
                                 void* workspace, void* stream);

}  // namespace wean::kernels
