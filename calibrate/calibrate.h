// What wean-calibrate does: one plan, a sweep over densities, or the grid of target surfaces.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "calibrate/method.h"
#include "calibrate/target.h"

namespace wean::calibrate {

/// Means over the sites of one phase and layer, or over more of them where an index is missing.
struct Slice {
  std::optional<std::uint32_t> phase, layer;
  CurvePoint mean;
};

/// One allocation, summed up.
struct Summary {
  std::string method;
  double asked = 0.0;  ///< density or fidelity that was asked for
  Schedule schedule;
  std::vector<PlanPhase> phases;
  std::map<std::string, double> facts;
  double row_floor = 0.0;
  bool keep_diagonal = false;
  CurvePoint mean;                         ///< mean.keep is g
  std::size_t sites = 0, dense_sites = 0;  ///< over phases and profiled branches
  /// Least predicted fidelity minus target over the sites that are not dense; empty when nothing was asked of them.
  std::optional<double> least_margin;
  std::vector<Slice> by_phase, by_layer, by_phase_and_layer;
};
[[nodiscard]] Summary summarise(const Context& context, const std::string& method, double asked,
                                const Allocation& allocation);

/// A plan for the target; the caller writes it.
struct PlanResult {
  Plan plan;
  Summary summary;
};
[[nodiscard]] PlanResult make_plan(const Context& context, const std::string& method, const Target& target);

/// Predictions over densities; `skipped` says which were out of reach.
struct SweepResult {
  std::vector<Summary> summaries;
  std::vector<std::string> skipped;
};
/// `method` may be "all": every method but dense and the west-fast alias (its two scopes are there).
[[nodiscard]] SweepResult sweep(const Context& context, const std::string& method,
                                const std::vector<double>& densities);
/// One line for each summary in total, each phase, each layer and each pair of them; "all" marks a mean. Numbers in
/// shortest form that reads back exactly, independent of the locale.
[[nodiscard]] std::string sweep_csv(const SweepResult& result);

/// west-fast at `density` for every (w', gamma) of the paper that reaches it.
[[nodiscard]] SweepResult surface_grid(const Context& context, TopkScope scope, double density);

/// What a run will take.
struct Estimate {
  double seconds = 0.0;
  double memory_bytes = 0.0;
  double plan_bytes = 0.0;
};
/// Measures the ranking of one head and scales it up.
[[nodiscard]] Estimate estimate(const Context& context);

}  // namespace wean::calibrate
