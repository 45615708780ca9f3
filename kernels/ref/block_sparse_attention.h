// Block-sparse attention on the CPU: correct for every shape, skips what the bits skip. OpenMP over (head, query
// block).
#pragma once
#include <cstdint>

namespace wean::kernels {

/// Element type of q, k, v and o.
enum class ElementType : std::uint8_t { kFloat32 = 0, kBfloat16 = 1 };

/// One call. All pointers are borrowed. Strides count elements; the last dimension is contiguous.
struct BlockSparseAttentionParams {
  const void* q = nullptr;                          ///< [batch, q_tokens, heads, head_dim] by strides
  const void* k = nullptr;                          ///< [batch, k_tokens, heads, head_dim] by strides
  const void* v = nullptr;                          ///< [batch, k_tokens, heads, head_dim] by strides
  void* o = nullptr;                                ///< [batch, q_tokens, heads, head_dim] by strides
  float* log_sum_exp = nullptr;                     ///< [batch, heads, q_tokens] contiguous, or null
  const std::uint32_t* const* head_bits = nullptr;  ///< [heads] pointers to [rows][words]; null entry = dense head
  ElementType type = ElementType::kFloat32;
  std::int64_t batch = 1, heads = 0, q_tokens = 0, k_tokens = 0, head_dim = 0;
  std::int64_t q_block = 128, k_block = 128;
  std::int64_t q_stride_batch = 0, q_stride_token = 0, q_stride_head = 0;
  std::int64_t k_stride_batch = 0, k_stride_token = 0, k_stride_head = 0;
  std::int64_t v_stride_batch = 0, v_stride_token = 0, v_stride_head = 0;
  std::int64_t o_stride_batch = 0, o_stride_token = 0, o_stride_head = 0;
  float scale = 0;  ///< applied to q.k; 0 means 1/sqrt(head_dim)
};

/// o = softmax over the kept key blocks of (scale * q k^T) v. A query row with no kept block gives 0 and -inf.
/// Throws wean::Error{kUsage} naming the field when a parameter is out of its range. Bit-equal for any thread count.
void block_sparse_attention(const BlockSparseAttentionParams& params);

}  // namespace wean::kernels
