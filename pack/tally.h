// Adds up what a pack run reports.
#pragma once
#include <span>

#include "pack/pack.h"

namespace wean::pack {

/// Thread-compatible. Sums run in the order of the calls, so they do not depend on the number of threads.
class Tally {
 public:
  explicit Tally(const Plan& plan);
  /// One section of phase `phase`.
  void add(std::uint32_t phase, std::span<const PlanRow> rows, std::span<const SiteMask> sites);
  /// Fills phases, planned, realised, recall, sites and dense.
  void fill(PackReport& report) const;

 private:
  std::vector<PhaseReport> phases_;
  std::uint64_t sites_of_phase_;
  double planned_;
};

}  // namespace wean::pack
