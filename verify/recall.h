// Held-out recall: how much of a dense run's attention falls on the pairs that a mask keeps (METHOD 5b).
#pragma once
#include <limits>
#include <memory>
#include <vector>

#include "models/attention.h"
#include "verify/masked_attention.h"

namespace wean::verify {

/// Means over query rows, heads, layers, steps and branches; NaN = not measured.
struct Recall {
  double kept = std::numeric_limits<double>::quiet_NaN();    ///< attention mass on kept pairs
  double oracle = std::numeric_limits<double>::quiet_NaN();  ///< mass on each query block row's own best blocks at the
                                                             ///< same row budgets
  double chance = std::numeric_limits<double>::quiet_NaN();  ///< density: what random pairs would hold
};

/// Attention probability on each pair, summed over the rows of a query block: [heads, rows, cols] float32. q, k:
/// [tokens, heads, head_dim]. Works through query blocks so that extra memory stays near `budget_bytes`.
[[nodiscard]] at::Tensor block_mass(const at::Tensor& q, const at::Tensor& k, const BlockGeometry& geometry,
                                    std::int64_t budget_bytes);

/// Dense attention that scores masks on the side. Never timed: scoring empties the caches.
class RecallAttention final : public models::SelfAttention {
 public:
  /// `dense` is borrowed and computes the output.
  RecallAttention(models::SelfAttention& dense, std::vector<std::shared_ptr<SiteMasks>> masks);
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
  /// One entry a mask file.
  [[nodiscard]] std::vector<Recall> recall() const;

 private:
  void score(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k);

  models::SelfAttention& dense_;
  std::vector<std::shared_ptr<SiteMasks>> masks_;
  std::vector<Recall> sums_;
  std::uint64_t calls_ = 0;
};

}  // namespace wean::verify
