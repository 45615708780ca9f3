// Self-attention that gathers statistics: the output is exactly dense attention's, so the sampled video is as well.
#pragma once
#include <cstdint>
#include <vector>

#include "extract/accumulator.h"
#include "models/attention.h"
#include "schemas/profile/shard.h"

namespace wean::extract {

/// What to gather. `budget_bytes` bounds the temporary memory of one call.
struct ProfilingSettings {
  PhaseTable phases;
  std::vector<Branch> branches;
  std::uint32_t block = 64;
  std::uint32_t sampled_rows = 16;
  std::uint64_t seed = 0;
  std::int64_t budget_bytes = std::int64_t{256} << 20;
};

/// Everything one attention call contributes.
struct CallStatistics {
  BlockStatistics blocks;
  std::vector<std::uint32_t> tokens;  ///< sampled query rows
  at::Tensor row_mass;                ///< [heads, tokens.size(), cols]
};
/// Statistics of one call; q, k, v as SelfAttention::attend gets them.
[[nodiscard]] CallStatistics gather_statistics(const ProfilingSettings& settings, const models::AttentionCall& call,
                                               const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

/// One prompt's profiling run. Phases must come in order; each is written to the shard when the next begins.
class ProfilingAttention final : public models::SelfAttention {
 public:
  /// `shard` is borrowed for the lifetime of the object.
  ProfilingAttention(ProfilingSettings settings, ShardWriter& shard);
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
  /// Writes the last phase. The shard's own finish() is the caller's.
  void finish();

 private:
  ProfilingSettings settings_;
  ShardWriter& shard_;
  models::DenseAttention dense_;
  PhaseAccumulator accumulator_;
  std::uint32_t phase_ = 0;
};

}  // namespace wean::extract
