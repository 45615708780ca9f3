// Every score of a plan from the profile's blocks to the target's: which statistic is read and how it is carried.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "pack/retarget.h"
#include "pack/target.h"
#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::pack {

/// Width (1 or 2 base blocks) of the removal errors that stand nearest to the target's key blocks, counted in source
/// tokens: errors of joined key blocks are no sums, so pairs of base blocks have their own statistic.
[[nodiscard]] std::uint32_t error_width(const ProfileMeta& profile, const Target& target);

/// Immutable, safe to share between threads.
class Carrier {
 public:
  Carrier(const ProfileMeta& profile, const Target& target);

  /// One head's statistic (as ProfileReader gives it; removal errors at width()) at the target's blocks.
  /// Mass and removal error are carried as sums over token pairs. Thresholds are ranks: their geometric mean over token
  /// pairs is carried, as its logarithm to 2^-16 when blocks or grid differ (only the order matters).
  [[nodiscard]] std::vector<float> carry(Score score, std::span<const float> statistic) const;
  /// Base blocks to a key block of the removal errors that carry() expects.
  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }

 private:
  std::uint32_t width_;
  bool same_;
  Retarget base_;
  Retarget error_;
};

}  // namespace wean::pack
