#include "verify/recall.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "verify/probe_attention.h"

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
  const std::int64_t heads = q.size(1);
  const std::int64_t padded = g.cols() * g.k_block;
  const std::int64_t blocks = std::clamp<std::int64_t>(budget_bytes / (8 * heads * padded * g.q_block), 1, g.rows());
  const at::Tensor keys = k.permute({1, 2, 0}).to(at::kFloat);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  std::vector<at::Tensor> parts;
  for (std::int64_t u = 0; u < g.rows(); u += blocks) {
    const std::int64_t begin = u * g.q_block;
    const std::int64_t rows = std::min(blocks * g.q_block, g.q_tokens - begin);
    const at::Tensor queries = q.narrow(0, begin, rows).transpose(0, 1).to(at::kFloat) * scale;
    at::Tensor p = at::constant_pad_nd(at::bmm(queries, keys).softmax(-1), {0, padded - g.k_tokens});
    p = p.view({heads, rows, g.cols(), g.k_block}).sum(-1);
    const std::int64_t whole = ceil_div(rows, g.q_block);
    parts.push_back(
        at::constant_pad_nd(p, {0, 0, 0, whole * g.q_block - rows}).view({heads, whole, g.q_block, g.cols()}).sum(2));
  }
  return at::cat(parts, 1);
}

RecallAttention::RecallAttention(models::SelfAttention& dense, std::vector<std::shared_ptr<SiteMasks>> masks)
    : dense_(dense), masks_(std::move(masks)), sums_(masks_.size()) {}

at::Tensor RecallAttention::attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                   const at::Tensor& v) {
  const at::Tensor out = dense_.attend(call, q, k, v);
  synchronize(q.device());
  const auto start = std::chrono::steady_clock::now();
  score(call, q, k);
  synchronize(q.device());
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
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
