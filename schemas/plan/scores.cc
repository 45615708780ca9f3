#include "schemas/plan/scores.h"

#include "common/base/error.h"
#include "schemas/plan/cut.h"

namespace wean {

Ranking ranking_of(Score score, const BlockGeometry& geometry, std::span<const float> statistic,
                   std::span<const float> mass) {
  switch (score) {
    case Score::kMass:
    case Score::kMassPooled:
      return {ranking_values(geometry, statistic), {}, false};
    case Score::kThresholdRow:
    case Score::kThresholdMap:
      return {{statistic.begin(), statistic.end()}, ranking_values(geometry, mass), true};
    case Score::kRemovalError:
      return {ranking_values(geometry, statistic), ranking_values(geometry, mass), false};
  }
  fail(ErrorCode::kMalformed, "plan: score ", static_cast<int>(score), " is unknown, allowed are 0 to 4");
}

void MassPool::add(std::span<const float> mass, std::uint32_t steps) {
  if (sum_.empty()) sum_.resize(mass.size(), 0.0);
  require(sum_.size() == mass.size(), ErrorCode::kUsage, "pooled mass: a phase has ", mass.size(),
          " values, the first one had ", sum_.size());
  for (std::size_t i = 0; i < mass.size(); ++i) sum_[i] += static_cast<double>(steps) * static_cast<double>(mass[i]);
  steps_ += steps;
}

std::vector<float> MassPool::mean() const {
  std::vector<float> mean(sum_.size());
  for (std::size_t i = 0; i < sum_.size(); ++i) mean[i] = static_cast<float>(sum_[i] / steps_);
  return mean;
}

}  // namespace wean
