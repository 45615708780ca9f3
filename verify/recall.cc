#include "verify/recall.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "models/query_blocks.h"

namespace wean::verify {
namespace {

constexpr std::int64_t kBudgetBytes = std::int64_t{256} << 20;

/// Mass of the best blocks of each query block row, as many as the mask keeps there; summed over rows and heads.
double oracle_mass(const at::Tensor& mass, const at::Tensor& kept) {
  const at::Tensor best = std::get<0>(mass.sort(-1, true)).to(at::kDouble).cumsum(-1);
  const at::Tensor budget = kept.sum(-1, true);
  const at::Tensor at_budget = best.gather(-1, (budget - 1).clamp_min(0));
  return at::where(budget > 0, at_budget, at::zeros({}, at_budget.options())).sum().item<double>();
}

}  // namespace

at::Tensor block_mass(const at::Tensor& q, const at::Tensor& k, const BlockGeometry& g, std::int64_t budget_bytes) {
  const at::Tensor queries = q.transpose(0, 1).to(at::kFloat);
  const at::Tensor keys = models::transposed_keys(k.transpose(0, 1).to(at::kFloat), g);
  const at::Tensor out = at::empty({q.size(1), g.rows(), g.cols()}, queries.options());
  const std::int64_t unit_bytes = 8 * g.q_block * g.cols() * g.k_block;  // scores and probabilities
  models::for_each_query_chunk(q.size(1), g, q.device(), unit_bytes, budget_bytes, [&](const models::QueryChunk& c) {
    const at::Tensor rows = queries.narrow(0, c.head, c.heads).narrow(1, c.row, c.rows);
    const at::Tensor p = models::block_probabilities(rows, keys.narrow(0, c.head, c.heads), g).sum(-1);
    const std::int64_t blocks = ceil_div(c.rows, g.q_block);
    const at::Tensor whole = at::constant_pad_nd(p, {0, 0, 0, blocks * g.q_block - c.rows});
    out.narrow(0, c.head, c.heads)
        .narrow(1, c.row / g.q_block, blocks)
        .copy_(whole.view({c.heads, blocks, g.q_block, g.cols()}).sum(2));
  });
  return out;
}

RecallAttention::RecallAttention(models::SelfAttention& dense, std::vector<std::shared_ptr<SiteMasks>> masks)
    : dense_(dense), masks_(std::move(masks)), sums_(masks_.size(), Recall{0, 0, 0}) {}

at::Tensor RecallAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v) {
  score(call, q, k);
  return dense_.attend(call, q, k, v);
}

void RecallAttention::score(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k) {
  if (masks_.empty()) return;
  const double rows = static_cast<double>(q.size(0) * q.size(1));
  BlockGeometry scored{};
  at::Tensor mass;
  for (std::size_t i = 0; i < masks_.size(); ++i) {
    const BlockGeometry geometry = masks_[i]->file().geometry();
    if (geometry != scored) mass = block_mass(q, k, geometry, kBudgetBytes);
    scored = geometry;
    const SiteMask& mask = masks_[i]->of(call, q.device());
    sums_[i].kept += (mass * mask.kept).sum(-1).to(at::kDouble).sum().item<double>() / rows;
    sums_[i].oracle += oracle_mass(mass, mask.kept) / rows;
    sums_[i].chance += mask.density;
  }
  ++calls_;
}

std::vector<Recall> RecallAttention::recall() const {
  std::vector<Recall> means = sums_;
  const double calls = std::max(1.0, static_cast<double>(calls_));
  for (Recall& r : means) r = {r.kept / calls, r.oracle / calls, r.chance / calls};
  return means;
}

}  // namespace wean::verify
