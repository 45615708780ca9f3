#include "extract/block_statistics.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <vector>

namespace wean::extract {
namespace {

constexpr double kNeverDroppable = std::numeric_limits<float>::max();

/// A rectangle of work: heads [head, head + heads) and query rows [row, row + rows).
struct Chunk {
  std::int64_t head, heads, row, rows;
};

/// Keys for the score product, and projected values cut into whole blocks (padded values are zero).
struct KeyBlocks {
  at::Tensor k_transposed;  // [heads, head_dim, tokens]
  at::Tensor values;        // [heads, cols, block, head_dim]
};

KeyBlocks cut_keys(const StatisticsInput& input) {
  const BlockGeometry& g = input.geometry;
  const at::Tensor projected = at::bmm(input.v, input.metric_factor);
  const at::Tensor padded = at::constant_pad_nd(projected, {0, 0, 0, g.cols() * g.k_block - g.k_tokens});
  return {input.k.transpose(1, 2), padded.view({input.k.size(0), g.cols(), g.k_block, -1})};
}

/// Scaled queries against all keys, softmax, padded to whole blocks: [heads, rows, cols, block].
at::Tensor probabilities(const at::Tensor& q, const at::Tensor& k_transposed, const BlockGeometry& g) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  at::Tensor p = at::bmm(q * scale, k_transposed).softmax(-1);
  const std::int64_t padding = g.cols() * g.k_block - g.k_tokens;
  if (padding != 0) p = at::constant_pad_nd(p, {0, padding});
  return p.view({q.size(0), q.size(1), g.cols(), g.k_block});
}

/// Sum over the other blocks of a row, [.., cols] -> [.., cols] float64, without subtracting from one.
at::Tensor mass_of_others(const at::Tensor& mass) {
  const at::Tensor m = mass.to(at::kDouble);
  const at::Tensor reversed = m.flip({-1});
  return (at::cumsum(m, -1) - m) + (at::cumsum(reversed, -1) - reversed).flip({-1});
}

/// partial [heads, cols, rows, d], mass [heads, rows, cols], output [heads, rows, d] -> [heads, rows, cols] float64.
at::Tensor removal_error(const at::Tensor& partial, const at::Tensor& mass, const at::Tensor& output) {
  at::Tensor change = at::addcmul(partial, mass.transpose(1, 2).unsqueeze(-1), output.unsqueeze(1), -1);
  const at::Tensor squared = change.mul_(change).sum(-1).transpose(1, 2).to(at::kDouble);
  const at::Tensor rest = mass_of_others(mass);
  return (squared / (rest * rest)).nan_to_num(kNeverDroppable, kNeverDroppable).clamp_max(kNeverDroppable);
}

/// Neighbouring entries along `dim` added in pairs; a last single one stays.
at::Tensor add_pairs(at::Tensor x, std::int64_t dim) {
  std::vector<std::int64_t> shape = x.sizes().vec();
  const auto axis = static_cast<std::size_t>(dim);
  if (shape[axis] % 2 != 0) {
    std::vector<std::int64_t> single = shape;
    single[axis] = 1;
    x = at::cat({x, x.new_zeros(single)}, dim);
    ++shape[axis];
  }
  shape[axis] /= 2;
  shape.insert(shape.begin() + dim + 1, 2);
  return x.view(shape).sum(dim + 1);
}

/// Sums the rows of each query block: [heads, rows, n] -> [heads, blocks, n] float64; the last block may be ragged.
at::Tensor sum_query_blocks(const at::Tensor& rows, std::int64_t block) {
  const std::int64_t blocks = ceil_div(rows.size(1), block);
  const at::Tensor padded = at::constant_pad_nd(rows.to(at::kDouble), {0, 0, 0, blocks * block - rows.size(1)});
  return padded.view({rows.size(0), blocks, block, rows.size(2)}).sum(2);
}

void add_chunk(const StatisticsInput& input, const KeyBlocks& keys, const Chunk& c, BlockStatistics& out) {
  const at::Tensor q = input.q.narrow(0, c.head, c.heads).narrow(1, c.row, c.rows);
  const at::Tensor p = probabilities(q, keys.k_transposed.narrow(0, c.head, c.heads), input.geometry);
  const at::Tensor mass = p.sum(-1);
  const at::Tensor partial = at::matmul(p.transpose(1, 2), keys.values.narrow(0, c.head, c.heads));
  const at::Tensor output = partial.sum(1);
  const std::int64_t block = input.geometry.q_block;
  const auto store = [&](at::Tensor& target, const at::Tensor& rows) {
    target.narrow(0, c.head, c.heads)
        .narrow(1, c.row / block, ceil_div(c.rows, block))
        .copy_(sum_query_blocks(rows, block));
  };
  store(out.mass, mass);
  store(out.error, removal_error(partial, mass, output));
  store(out.error_wide, removal_error(add_pairs(partial, 1), add_pairs(mass, 2), output));
}

/// Heads and rows of a chunk from the memory budget: one query block of as many heads as fit, then more query blocks.
Chunk chunk_shape(const StatisticsInput& input, std::int64_t budget_bytes) {
  const BlockGeometry& g = input.geometry;
  // Scores, probabilities and their padded copy; partial outputs, their change, the pairs' of both. Float32.
  const std::int64_t row_bytes = 4 * (3 * g.cols() * g.k_block + 3 * g.cols() * input.q.size(2));
  const std::int64_t blocks_that_fit = std::max<std::int64_t>(1, budget_bytes / (row_bytes * g.q_block));
  const std::int64_t heads = std::min(blocks_that_fit, input.q.size(0));
  return {0, heads, 0, std::min(blocks_that_fit / heads, g.rows()) * g.q_block};
}

}  // namespace

BlockStatistics block_statistics(const StatisticsInput& input, std::int64_t budget_bytes) {
  const BlockGeometry& g = input.geometry;
  const std::int64_t heads = input.q.size(0);
  const auto empty = [&](std::int64_t cols) {
    return at::empty({heads, g.rows(), cols}, input.q.options().dtype(at::kDouble));
  };
  BlockStatistics out{empty(g.cols()), empty(g.cols()), empty(ceil_div(g.cols(), std::int64_t{2}))};
  const KeyBlocks keys = cut_keys(input);
  const Chunk shape = chunk_shape(input, budget_bytes);
  for (std::int64_t head = 0; head < heads; head += shape.heads) {
    for (std::int64_t row = 0; row < g.q_tokens; row += shape.rows) {
      add_chunk(input, keys, {head, std::min(shape.heads, heads - head), row, std::min(shape.rows, g.q_tokens - row)},
                out);
    }
  }
  return out;
}

at::Tensor row_masses(const StatisticsInput& input, std::span<const std::uint32_t> tokens) {
  const std::vector<std::int64_t> index(tokens.begin(), tokens.end());
  const at::Tensor rows = at::tensor(index, at::kLong).to(input.q.device());
  return probabilities(input.q.index_select(1, rows), input.k.transpose(1, 2), input.geometry).sum(-1);
}

}  // namespace wean::extract
