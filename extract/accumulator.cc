#include "extract/accumulator.h"

#include <ATen/ATen.h>

#include <limits>
#include <string>

#include "common/base/error.h"

namespace wean::extract {
namespace {

std::vector<float> to_floats(const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kFloat).contiguous();
  return {host.const_data_ptr<float>(), host.const_data_ptr<float>() + host.numel()};
}

/// Mean over steps as float; a sum of blocks that must never be dropped stays at the largest float.
std::vector<float> mean_over_steps(const at::Tensor& sum, std::uint32_t steps, const SlabKey& key, const char* what) {
  const at::Tensor mean = sum / static_cast<double>(steps);
  require(at::isfinite(mean).all().item<bool>(), ErrorCode::kNotFinite, "statistic '", what, "' of phase ", key.phase,
          ", ", to_string(key.branch), " branch, layer ", key.layer,
          " is not finite: the model's attention produced NaN or Inf");
  return to_floats(mean.clamp_max(static_cast<double>(std::numeric_limits<float>::max())));
}

}  // namespace

void PhaseAccumulator::add(const SlabKey& key, const BlockStatistics& statistics, const SampledRows& rows) {
  const auto [entry, fresh] = sums_.try_emplace({key.branch, key.expert, key.layer});
  Sums& sums = entry->second;
  if (fresh) {
    sums.key = key;
    sums.total = statistics;
    sums.rows.rows = static_cast<std::uint32_t>(rows.tokens.size());
  } else {
    sums.total.mass.add_(statistics.mass);
    sums.total.error.add_(statistics.error);
    sums.total.error_wide.add_(statistics.error_wide);
  }
  ++sums.steps;
  ++sums.rows.steps;
  sums.rows.step.push_back(rows.step);
  sums.rows.token.insert(sums.rows.token.end(), rows.tokens.begin(), rows.tokens.end());
  const std::vector<float> mass = to_floats(rows.mass);
  sums.rows.mass.insert(sums.rows.mass.end(), mass.begin(), mass.end());
}

void PhaseAccumulator::flush(ShardWriter& shard) {
  for (auto& [where, sums] : sums_) {
    ShardSlab slab;
    slab.mass = mean_over_steps(sums.total.mass, sums.steps, sums.key, "mass");
    slab.removal_error = mean_over_steps(sums.total.error, sums.steps, sums.key, "error");
    slab.removal_error_wide = mean_over_steps(sums.total.error_wide, sums.steps, sums.key, "error_wide");
    slab.rows = std::move(sums.rows);
    shard.write(sums.key, slab);
  }
  sums_.clear();
}

}  // namespace wean::extract
