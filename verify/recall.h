// Held-out recall: how much of a dense run's attention falls on the pairs that a mask keeps (METHOD 5b).
#pragma once
#include <memory>
#include <vector>

#include "models/attention.h"
#include "verify/masked_attention.h"

namespace wean::verify {

/// Means over query rows, heads, layers, steps and branches.
struct Recall {
  double kept = 0;    ///< attention mass on kept pairs
  double oracle = 0;  ///< mass on each query block row's own best blocks at the same row budgets
  double chance = 0;  ///< density: what random pairs would hold
};

/// Attention probability on each pair, summed over the rows of a query block: [heads, rows, cols] float32. q, k:
/// [tokens, heads, head_dim]. Works through query blocks so that extra memory stays near `budget_bytes`.
[[nodiscard]] at::Tensor block_mass(const at::Tensor& q, const at::Tensor& k, const BlockGeometry& geometry,
                                    std::int64_t budget_bytes);

/// Dense attention that scores masks on the side. Its own time is kept apart so that dense timing stays honest.
class RecallAttention final : public models::SelfAttention {
 public:
  /// `dense` is borrowed and computes the output.
  RecallAttention(models::SelfAttention& dense, std::vector<std::shared_ptr<SiteMasks>> masks);
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
  /// One entry a mask file.
  [[nodiscard]] std::vector<Recall> recall() const;
  /// Seconds spent on scoring.
  [[nodiscard]] double seconds() const noexcept { return seconds_; }

 private:
  void score(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k);

  models::SelfAttention& dense_;
  std::vector<std::shared_ptr<SiteMasks>> masks_;
  std::vector<Recall> sums_;
  std::uint64_t calls_ = 0;
  double seconds_ = 0;
};

}  // namespace wean::verify
