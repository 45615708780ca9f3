#include "pack/carry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wean::pack {
namespace {

constexpr float kLogSteps = 65536;

std::vector<float> logarithms(std::span<const float> values) {
  std::vector<float> logs(values.size());
  std::transform(values.begin(), values.end(), logs.begin(), [](float value) { return std::log(value); });
  return logs;
}

/// Means of the same ranks in another order differ in their last bits: rounding makes them ties again.
std::vector<float> rounded(std::vector<float> logs) {
  for (float& value : logs) value = std::round(value * kLogSteps) / kLogSteps;
  return logs;
}

}  // namespace

std::uint32_t error_width(const ProfileMeta& profile, const Target& target) {
  const double tokens = static_cast<double>(profile.grid.tokens()) / static_cast<double>(target.grid.tokens());
  const double key_block = static_cast<double>(target.geometry.k_block) * tokens;
  return key_block > std::numbers::sqrt2 * profile.block ? 2 : 1;
}

Carrier::Carrier(const ProfileMeta& profile, const Target& target)
    : width_(error_width(profile, target)),
      same_(profile.grid == target.grid && profile.geometry() == target.geometry),
      base_({profile.grid, profile.block}, profile.block, target.grid, target.geometry),
      error_({profile.grid, profile.block}, std::int64_t{width_} * profile.block, target.grid, target.geometry) {}

std::vector<float> Carrier::carry(Score score, std::span<const float> statistic) const {
  switch (score) {
    case Score::kMass:
    case Score::kMassPooled:
      return base_.apply(statistic, Carry::kSum);
    case Score::kRemovalError:
      return error_.apply(statistic, Carry::kSum);
    case Score::kThresholdRow:
    case Score::kThresholdMap:
      break;
  }
  if (same_) return {statistic.begin(), statistic.end()};
  return rounded(base_.apply(logarithms(statistic), Carry::kMean));
}

}  // namespace wean::pack
