#include "calibrate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "calibrate/assemble.h"
#include "calibrate/methods/west_fast.h"
#include "calibrate/table.h"
#include "schemas/plan/scores.h"

namespace wean::calibrate {
namespace {

/// dense has one density, and west-fast is one of its two scopes.
bool in_all(const MethodEntry& entry) { return entry.name != "dense" && entry.name != "west-fast"; }

void sweep_one(const Context& context, const MethodEntry& entry, const std::vector<double>& densities,
               SweepResult& result) {
  const auto method = entry.make(context);
  const auto allocations = method->allocate(densities);
  const std::string name(entry.name);
  for (std::size_t i = 0; i < densities.size(); ++i) {
    if (reached(allocations[i], densities[i])) {
      result.summaries.push_back(summarise(context, name, densities[i], allocations[i]));
    } else {
      result.skipped.push_back(
          fmt::format("{} cannot reach {}: the nearest is {:.4f}", name, densities[i], allocations[i].mean.keep));
    }
  }
}

void append_csv(const Summary& summary, const Slice& slice, std::string& text) {
  const auto& schedule = summary.schedule;
  fmt::format_to(std::back_inserter(text), "{},{},{},{},{},", summary.method, summary.asked, schedule.sampler,
                 schedule.steps, schedule.shift);
  if (slice.phase) {
    const auto& phase = summary.phases[*slice.phase];
    fmt::format_to(std::back_inserter(text), "{},{},{},{},", *slice.phase, phase.sigma_high, phase.sigma_low,
                   phase.steps);
  } else {
    fmt::format_to(std::back_inserter(text), "all,1,0,{},", schedule.steps);
  }
  fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", slice.layer ? std::to_string(*slice.layer) : "all",
                 slice.mean.keep, slice.mean.fidelity, slice.mean.kept_mass, slice.mean.error);
}

}  // namespace

PlanResult make_plan(const Context& context, const std::string& name, const Target& target) {
  const auto method = find_method(name).make(context);
  const double density = target.density.value_or(1.0);
  auto allocation =
      target.fidelity ? reach_fidelity(*method, name, *target.fidelity) : reach_density(*method, name, density);
  allocation.facts[target.fidelity ? "asked_fidelity" : "asked_density"] = target.fidelity.value_or(density);
  return {assemble_plan(context, name, allocation),
          summarise(context, name, target.fidelity.value_or(density), allocation)};
}

SweepResult sweep(const Context& context, const std::string& method, const std::vector<double>& densities) {
  SweepResult result;
  if (method != "all") {
    sweep_one(context, find_method(method), densities, result);
    return result;
  }
  for (const auto& entry : methods())
    if (in_all(entry)) sweep_one(context, entry, densities, result);
  return result;
}

std::string sweep_csv(const SweepResult& result) {
  std::string text =
      "method,asked_density,sampler,schedule_steps,shift,phase,sigma_high,sigma_low,steps,layer,density,fidelity,"
      "kept_mass,removal_error\n";
  for (const auto& summary : result.summaries) {
    append_csv(summary, {{}, {}, summary.mean}, text);
    for (const auto* slices : {&summary.by_phase, &summary.by_layer, &summary.by_phase_and_layer})
      for (const auto& slice : *slices) append_csv(summary, slice, text);
  }
  return text;
}

SweepResult surface_grid(const Context& context, TopkScope scope, double density) {
  WestFast method(context, scope);
  const std::string name = scope == TopkScope::kRow ? "west-fast-row" : "west-fast-map";
  SweepResult result;
  for (const double w : kSurfaceW)
    for (const double gamma : kSurfaceGamma) {
      const auto allocation = method.solve(w, gamma, density);
      if (reached(allocation, density)) {
        result.summaries.push_back(summarise(context, name, density, allocation));
      } else {
        result.skipped.push_back(
            fmt::format("w' = {}, gamma = {}: reaches {:.4f} to 1", w, gamma, method.lowest(w, gamma)));
      }
    }
  return result;
}

Estimate estimate(const Context& context) {
  constexpr double kCurveWork = 2, kRowBytes = 60, kLeastBatch = 256e6;
  const auto& meta = context.source.meta();
  const auto shape = site_shape(meta);
  const auto geometry = meta.geometry();
  const auto pairs = static_cast<std::size_t>(geometry.pairs());
  const auto start = std::chrono::steady_clock::now();
  const auto mass = context.source.mass(slab_key(meta, 0, 0));
  const auto head = std::span(mass).first(pairs);
  const auto ranking = ranking_of(Score::kMass, geometry, head, {});
  (void)cut_order({geometry, CutScope::kMap, false, 0.0, false}, ranking.score, ranking.tie);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto sites = static_cast<double>(shape.phases * shape.slabs_a_phase() * shape.heads);
  const double layers = static_cast<double>(shape.slabs_a_phase()) * layer_bytes(meta);
  return {kCurveWork * seconds * sites / context.threads,
          std::min(layers, std::max(layer_bytes(meta), kLeastBatch)) +
              sites * static_cast<double>(density_grid().size() * sizeof(CurvePoint)),
          2.0 / static_cast<double>(shape.branches) * sites * kRowBytes};
}

}  // namespace wean::calibrate
