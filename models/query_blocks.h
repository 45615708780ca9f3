// Attention probabilities a query block at a time: what statistics and recall are computed from without ever holding a
// whole attention matrix.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "common/base/blocks.h"

namespace wean::models {

/// x [heads, k_tokens, n] with zeros appended to whole key blocks.
[[nodiscard]] at::Tensor pad_to_key_blocks(const at::Tensor& x, const BlockGeometry& geometry);

/// Keys for block_probabilities: k [heads, k_tokens, head_dim] float32 -> [heads, head_dim, cols * k_block].
[[nodiscard]] at::Tensor transposed_keys(const at::Tensor& k, const BlockGeometry& geometry);

/// softmax(q k^T / sqrt(head_dim)) of q [heads, rows, head_dim] float32 against all keys, by key block: [heads, rows,
/// cols, k_block]. Keys beyond the last token get 0.
[[nodiscard]] at::Tensor block_probabilities(const at::Tensor& q, const at::Tensor& transposed_keys,
                                             const BlockGeometry& geometry);

/// Whole query blocks [row, row + rows) (tokens; the last block may be ragged) of heads [head, head + heads).
struct QueryChunk {
  std::int64_t head, heads, row, rows;
};

/// Calls `work` for chunks that tile all heads and query tokens. On a CPU a chunk is one query block of one head, which
/// stays in a core's cache, and chunks run side by side: whatever the number of threads, each is computed whole by one,
/// so that the result does not depend on it. On other devices chunks are large and run one after the other. At any time
/// at most max(1, budget_bytes / unit_bytes) units are in work, `unit_bytes` being the temporary memory of one query
/// block of one head.
void for_each_query_chunk(std::int64_t heads, const BlockGeometry& geometry, c10::Device device,
                          std::int64_t unit_bytes, std::int64_t budget_bytes,
                          const std::function<void(const QueryChunk&)>& work);

}  // namespace wean::models
