#include "models/query_blocks.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace wean::models {
namespace {

/// As many heads of one query block as `units`, then more query blocks.
std::vector<QueryChunk> cut_chunks(std::int64_t heads, const BlockGeometry& g, std::int64_t units) {
  const std::int64_t height = std::min(units, heads);
  const std::int64_t rows = std::min(units / height, g.rows()) * g.q_block;
  std::vector<QueryChunk> chunks;
  for (std::int64_t head = 0; head < heads; head += height)
    for (std::int64_t row = 0; row < g.q_tokens; row += rows)
      chunks.push_back({head, std::min(height, heads - head), row, std::min(rows, g.q_tokens - row)});
  return chunks;
}

void run_on_cores(const std::vector<QueryChunk>& chunks, std::int64_t most_at_once,
                  const std::function<void(const QueryChunk&)>& work) {
  const auto count = static_cast<std::int64_t>(chunks.size());
  const std::int64_t lanes = std::min(most_at_once, count);
  const bool inference = c10::InferenceMode::is_enabled();
  at::parallel_for(0, lanes, 1, [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode same_mode(inference);  // the mode is per thread
    for (std::int64_t lane = begin; lane < end; ++lane)
      for (std::int64_t i = lane; i < count; i += lanes) work(chunks[static_cast<std::size_t>(i)]);
  });
}

}  // namespace

at::Tensor pad_to_key_blocks(const at::Tensor& x, const BlockGeometry& g) {
  return at::constant_pad_nd(x, {0, 0, 0, g.cols() * g.k_block - g.k_tokens});
}

at::Tensor transposed_keys(const at::Tensor& k, const BlockGeometry& g) {
  return pad_to_key_blocks(k, g).transpose(1, 2).contiguous();
}

at::Tensor block_probabilities(const at::Tensor& q, const at::Tensor& keys, const BlockGeometry& g) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  const at::Tensor scores = at::bmm(q * scale, keys);
  scores.narrow(-1, g.k_tokens, keys.size(2) - g.k_tokens).fill_(-std::numeric_limits<float>::infinity());
  return scores.softmax(-1).view({q.size(0), q.size(1), g.cols(), g.k_block});
}

void for_each_query_chunk(std::int64_t heads, const BlockGeometry& geometry, c10::Device device,
                          std::int64_t unit_bytes, std::int64_t budget_bytes,
                          const std::function<void(const QueryChunk&)>& work) {
  const std::int64_t units = std::max<std::int64_t>(1, budget_bytes / unit_bytes);
  if (device.is_cpu()) return run_on_cores(cut_chunks(heads, geometry, 1), units, work);
  for (const QueryChunk& chunk : cut_chunks(heads, geometry, units)) work(chunk);
}

}  // namespace wean::models
