// The masks of one section: reads the profile once, cuts the heads in parallel, remembers what later sections repeat.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "pack/site.h"
#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::pack {

/// Thread-compatible. Borrows its arguments. Memory: the statistics of one section, the masks of one phase of the
/// profile, and every pooled mask.
class SectionPacker {
 public:
  SectionPacker(const ProfileReader& profile, const Carrier& carrier, const SiteRules& rules, int threads);

  /// One mask a row; `rows` are the heads of one section of the plan, `profile_phase` ranks their pairs. Sections may
  /// come in any order; the result does not depend on it or on the number of threads.
  [[nodiscard]] std::vector<SiteMask> pack(std::uint32_t profile_phase, std::span<const PlanRow> rows);

 private:
  /// Everything that a ranked head's bits depend on.
  struct Recipe {
    std::uint32_t expert, layer, head;
    Branch branch;  // of the statistics
    Score score;
    CutScope scope;
    double keep;
    auto operator<=>(const Recipe&) const = default;
  };
  [[nodiscard]] Recipe recipe_of(const PlanRow& row) const;
  [[nodiscard]] SectionStatistics load(std::span<const PlanRow> rows) const;
  [[nodiscard]] SiteMask make(const PlanRow& row, const SectionStatistics& statistics) const;

  const ProfileReader& profile_;
  const Carrier& carrier_;
  SiteRules rules_;
  int threads_;
  std::uint32_t phase_ = 0;
  std::map<Recipe, SiteMask> of_phase_;
  std::map<Recipe, SiteMask> pooled_;  // pooled scores are the same in every phase; their recall is not
};

}  // namespace wean::pack
