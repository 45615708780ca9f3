#include "pack/statistics.h"

#include <algorithm>

#include "schemas/plan/scores.h"

namespace wean::pack {
namespace {

std::vector<float> pooled_mass(const ProfileReader& profile, SlabKey key) {
  MassPool pool;
  for (key.phase = 0; key.phase < profile.meta().phases.size(); ++key.phase) {
    pool.add(profile.mass(key), profile.meta().phases[key.phase].steps);
  }
  return pool.mean();
}

std::vector<float> load_score(const ProfileReader& profile, const SlabKey& key, Score score,
                              std::uint32_t error_width) {
  switch (score) {
    case Score::kMass:
      break;
    case Score::kMassPooled:
      return pooled_mass(profile, key);
    case Score::kThresholdRow:
      return profile.threshold(key, TopkScope::kRow);
    case Score::kThresholdMap:
      return profile.threshold(key, TopkScope::kMap);
    case Score::kRemovalError:
      return profile.removal_error(key, error_width);
  }
  return profile.mass(key);
}

}  // namespace

std::span<const float> SectionStatistics::of(Score score, std::uint32_t head) const {
  const std::vector<float>& slab = slabs_[static_cast<std::size_t>(score)];
  const std::size_t pairs = slab.size() / heads_;
  return std::span(slab).subspan(head * pairs, pairs);
}

Branch source_branch(const ProfileMeta& profile, Branch branch) {
  const auto& branches = profile.branches;
  return std::find(branches.begin(), branches.end(), branch) != branches.end() ? branch : branches.front();
}

SectionStatistics load_statistics(const ProfileReader& profile, const SlabKey& key, const ScoreSet& scores,
                                  std::uint32_t error_width) {
  SectionStatistics statistics;
  statistics.heads_ = profile.meta().model.heads;
  for (std::size_t score = 0; score < kScoreCount; ++score) {
    if (score != 0 && !scores[score]) continue;  // mass breaks ties and gives recall
    statistics.slabs_[score] = load_score(profile, key, static_cast<Score>(score), error_width);
  }
  return statistics;
}

}  // namespace wean::pack
