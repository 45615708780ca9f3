// What one section's heads are ranked by, read from the profile: one (phase, branch, layer) at a time.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::pack {

inline constexpr std::size_t kScoreCount = 5;

/// Which scores the heads of a section rank by.
using ScoreSet = std::array<bool, kScoreCount>;

/// Arrays [heads, rows, cols] at the profile's blocks; removal errors have the columns of their width. Scores that were
/// not asked for are empty; mass is always there.
class SectionStatistics {
 public:
  [[nodiscard]] std::span<const float> of(Score score, std::uint32_t head) const;

 private:
  friend SectionStatistics load_statistics(const ProfileReader&, const SlabKey&, const ScoreSet&, std::uint32_t);
  std::array<std::vector<float>, kScoreCount> slabs_;
  std::size_t heads_ = 0;
};

/// The profile's branch whose statistics stand for `branch`: itself where it was profiled, else the first one that was.
[[nodiscard]] Branch source_branch(const ProfileMeta& profile, Branch branch);

/// Reads a slab; `key.phase` is a phase of the profile. Pooled mass reads every phase of the profile. Errors as
/// ProfileReader. One thread at a time.
[[nodiscard]] SectionStatistics load_statistics(const ProfileReader& profile, const SlabKey& key,
                                                const ScoreSet& scores, std::uint32_t error_width);

}  // namespace wean::pack
