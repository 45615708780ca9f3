// plan.h5: how much work every site may keep, and by which score its block pairs are ranked. Normative:
// schemas/plan.md.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/vocabulary.h"
#include "schemas/profile/profile.h"

namespace wean {

/// What a site does in a phase.
enum class Rule : std::uint8_t { kDense = 0, kRanked = 1 };

/// The per-pair score that a ranked rule sorts by, from the profile. Larger is kept first, except thresholds (smaller
/// first; ties by mass, then index).
enum class Score : std::uint8_t {
  kMass = 0,          ///< mean block mass of the phase
  kMassPooled = 1,    ///< mean block mass over all phases, weighted by their steps: one map for all steps
  kThresholdRow = 2,  ///< WEST threshold, row scope
  kThresholdMap = 3,  ///< WEST threshold, map scope
  kRemovalError = 4,  ///< removal error of the phase
};

/// Where the budget is cut: over the whole map, or the same share of every query row.
enum class CutScope : std::uint8_t { kRow = 0, kMap = 1 };

/// A phase of the plan: an interval of sigma inside one phase of the profile (a plan may split a profile phase
/// anywhere).
struct PlanPhase {
  double sigma_high = 1.0, sigma_low = 0.0;
  std::uint32_t steps = 0;          ///< steps of the plan's schedule that fall in it
  std::uint32_t profile_phase = 0;  ///< whose statistics rank its pairs
  bool operator==(const PlanPhase&) const = default;
};

/// The step schedule that g is accounted on.
struct Schedule {
  std::string sampler;
  std::uint32_t steps = 0;
  double shift = 0;
  bool operator==(const Schedule&) const = default;
};

/// One site in one phase and branch.
struct PlanRow {
  std::uint32_t phase = 0;  ///< index into Plan::phases
  Branch branch = Branch::kConditional;
  std::uint32_t expert = 0, layer = 0, head = 0;
  Rule rule = Rule::kDense;
  Score score = Score::kMass;
  CutScope scope = CutScope::kMap;
  double keep = 1.0;                ///< share of the site's work that is kept, in (0, 1]
  double fidelity_target = 0.0;     ///< what the method asked of this site; 0 when it asks nothing
  double predicted_fidelity = 1.0;  ///< mean over sampled rows and steps of the phase
  double predicted_error = 0.0;     ///< removal error of the dropped pairs, mean over prompts and rows
  bool operator==(const PlanRow&) const = default;
};

/// A whole plan. Rows are sorted by (phase, branch, expert, layer, head) and complete: every phase and site, both
/// branches of guidance (the unconditional branch uses the conditional statistics where only those were profiled).
struct Plan {
  std::string tool_version;
  std::string method;   ///< "west-fast"
  std::string options;  ///< canonical JSON of the resolved options
  Digest profile{};     ///< ProfileReader::content_digest of the source
  ModelIdentity model;
  Grid grid;                ///< of the profile
  std::uint32_t block = 0;  ///< of the profile
  Schedule schedule;
  std::vector<PlanPhase> phases;
  double row_floor = 0.0;      ///< least share of pairs kept in every query row of a ranked site
  bool keep_diagonal = false;  ///< pairs that share a token position are kept
  double global_density = 1;   ///< g on `schedule`, dense parts included, both branches
  std::vector<PlanRow> rows;
  bool operator==(const Plan&) const = default;
};

/// Writes canonical bytes (equal plans, equal bytes), verifies by reading back, publishes. Throws kSelfCheck, kIo,
/// kUsage.
void write_plan(const std::filesystem::path& path, const Plan& plan, bool overwrite);
/// Throws kMalformed naming the field, its value and what is allowed.
[[nodiscard]] Plan read_plan(const std::filesystem::path& path);
/// g of `plan` recomputed from its rows: sum over phases of steps * mean over branches, layers, heads of keep.
[[nodiscard]] double global_density(const Plan& plan);

}  // namespace wean
