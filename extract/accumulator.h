// Sums of one phase's statistics over its steps, handed to the shard when the phase ends.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <tuple>

#include "common/base/vocabulary.h"
#include "extract/block_statistics.h"
#include "schemas/profile/shard.h"

namespace wean::extract {

/// The FAST sample of one call.
struct SampledRows {
  std::uint32_t step = 0;
  std::span<const std::uint32_t> tokens;
  at::Tensor mass;  ///< [heads, tokens, cols]
};

/// Holds one phase at a time: float64 sums on the device, [heads, rows, cols] a (branch, expert, layer).
class PhaseAccumulator {
 public:
  /// `key.phase` must stay the same until flush().
  void add(const SlabKey& key, const BlockStatistics& statistics, const SampledRows& rows);
  /// Writes every slab's mean over its steps and forgets it. Throws kNotFinite naming phase, branch, layer and
  /// statistic.
  void flush(ShardWriter& shard);

 private:
  struct Sums {
    SlabKey key;
    BlockStatistics total;
    RowSample rows;
    std::uint32_t steps = 0;
  };
  std::map<std::tuple<Branch, std::uint32_t, std::uint32_t>, Sums> sums_;
};

}  // namespace wean::extract
