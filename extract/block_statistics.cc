#include "extract/block_statistics.h"

#include <ATen/ATen.h>

#include <limits>
#include <vector>

#include "models/query_blocks.h"

namespace wean::extract {
namespace {

constexpr double kNeverDroppable = std::numeric_limits<float>::max();

/// Keys for the score product and projected values, both padded with zeros to whole blocks.
struct KeyBlocks {
  at::Tensor k_transposed;  // [heads, head_dim, cols * block]
  at::Tensor values;        // [heads, cols, block, head_dim]
};

KeyBlocks cut_keys(const StatisticsInput& input) {
  const BlockGeometry& g = input.geometry;
  const at::Tensor projected = models::pad_to_key_blocks(at::bmm(input.v, input.metric_factor), g);
  return {models::transposed_keys(input.k, g), projected.view({input.k.size(0), g.cols(), g.k_block, -1})};
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

void add_chunk(const StatisticsInput& input, const KeyBlocks& keys, const models::QueryChunk& c, BlockStatistics& out) {
  const at::Tensor q = input.q.narrow(0, c.head, c.heads).narrow(1, c.row, c.rows);
  const at::Tensor p = models::block_probabilities(q, keys.k_transposed.narrow(0, c.head, c.heads), input.geometry);
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

/// Temporary bytes of one query block of one head: scores, probabilities; partial outputs, their change, the pairs' of
/// both. Float32.
std::int64_t unit_bytes(const StatisticsInput& input) {
  const BlockGeometry& g = input.geometry;
  return 4 * g.q_block * (2 * g.cols() * g.k_block + 3 * g.cols() * input.q.size(2));
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
  models::for_each_query_chunk(heads, g, input.q.device(), unit_bytes(input), budget_bytes,
                               [&](const models::QueryChunk& chunk) { add_chunk(input, keys, chunk, out); });
  return out;
}

at::Tensor row_masses(const StatisticsInput& input, std::span<const std::uint32_t> tokens) {
  const std::vector<std::int64_t> index(tokens.begin(), tokens.end());
  const at::Tensor rows = at::tensor(index, at::kLong).to(input.q.device());
  const at::Tensor keys = models::transposed_keys(input.k, input.geometry);
  return models::block_probabilities(input.q.index_select(1, rows), keys, input.geometry).sum(-1);
}

}  // namespace wean::extract
