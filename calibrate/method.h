// The interface of allocation methods: from a profile and a global density to what every site keeps. One file a method
// in methods/; a new one is added there and to the list in methods/registry.cc.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calibrate/curve.h"
#include "calibrate/schedule.h"
#include "calibrate/source.h"
#include "common/base/progress.h"
#include "schemas/plan/plan.h"

namespace wean::calibrate {

/// Options that methods read. Empty means the method's own default.
struct MethodOptions {
  std::optional<double> row_floor;          ///< least share of pairs in every query row of a ranked site
  std::optional<bool> keep_diagonal;        ///< keep pairs that share a token position
  std::uint32_t dense_phases = 0;           ///< first profile phases that stay dense
  std::vector<std::uint32_t> dense_layers;  ///< layers that stay dense
  std::optional<TopkScope> scope;           ///< west-fast: which WEST map
  std::optional<double> warmup;             ///< uniform-warmup: share of the steps that run dense first; default .2
  std::optional<double> west_w;             ///< west-fast: w' = w N_T / N_L of the target surface; default 4
  std::optional<double> west_gamma;         ///< west-fast: gamma; empty = the first of 1, 2, 4 that reaches the target
  std::optional<double> time_weight;        ///< removal-error: a phase weighs exp(-time_weight * t), t from 0 to 1;
                                            ///< default 4
};

/// What every method works on.
struct Context {
  const ProfileSource& source;
  StepSchedule steps;
  MethodOptions options;
  int threads = 1;
  ProgressCallback progress;
};

/// What one site does in one phase of the plan, over the branches that were profiled.
struct Decision {
  std::uint32_t phase = 0;  ///< index into Allocation::phases
  Branch branch = Branch::kConditional;
  std::uint32_t expert = 0, layer = 0, head = 0;
  double target = 0.0;  ///< fidelity that the method asked for; 0 = nothing
  CurvePoint point;     ///< realised at the profile's geometry; keep == 1 means dense
};

/// A method's answer for one global density. Decisions are sorted by (phase, branch, expert, layer, head).
struct Allocation {
  std::vector<PlanPhase> phases;
  Score score = Score::kMass;
  CutScope scope = CutScope::kMap;
  double row_floor = 0.0;
  bool keep_diagonal = false;
  std::vector<Decision> decisions;
  std::map<std::string, double> facts;  ///< resolved parameters, such as "beta"
  CurvePoint mean;                      ///< step-weighted means; mean.keep is the global density g
};

/// Lowest and highest global density.
struct Reach {
  double low = 0.0, high = 1.0;
};

class Method {
 public:
  virtual ~Method() = default;
  [[nodiscard]] virtual Reach reach() = 0;
  /// The allocation nearest to each of `densities`, without regard to how near that is; check_reached() judges.
  /// Several at once cost little more than one.
  [[nodiscard]] virtual std::vector<Allocation> allocate(std::span<const double> densities) = 0;
};

/// One entry of the list of methods.
struct MethodEntry {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Method> (*make)(const Context& context);
};

/// All methods, in the order in which --method all runs them.
[[nodiscard]] std::span<const MethodEntry> methods();
/// Throws kUsage listing the names when there is no such method.
[[nodiscard]] const MethodEntry& find_method(std::string_view name);

/// |g - target| that a plan may have.
inline constexpr double kDensityTolerance = 0.005;

}  // namespace wean::calibrate
