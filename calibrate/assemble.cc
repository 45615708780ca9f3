#include "calibrate/assemble.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "common/base/version.h"

namespace wean::calibrate {
namespace {

/// Numbers and fixed words only, so nothing needs escaping; fmt prints doubles so that they read back exactly.
std::string options_json(const Context& context, const Allocation& allocation) {
  const auto& options = context.options;
  std::map<std::string, std::string> members;
  for (const auto& [name, value] : allocation.facts) members[name] = fmt::format("{}", value);
  members["dense_layers"] = fmt::format("[{}]", fmt::join(options.dense_layers, ","));
  members["dense_phases"] = fmt::format("{}", options.dense_phases);
  members["keep_diagonal"] = allocation.keep_diagonal ? "true" : "false";
  members["row_floor"] = fmt::format("{}", allocation.row_floor);
  std::string text;
  for (const auto& [name, value] : members) text += fmt::format("{}\"{}\":{}", text.empty() ? "{" : ",", name, value);
  return text + "}";
}

PlanRow row_of(const Decision& decision, const Allocation& allocation) {
  PlanRow row;
  row.phase = decision.phase;
  row.branch = decision.branch;
  row.expert = decision.expert;
  row.layer = decision.layer;
  row.head = decision.head;
  row.rule = decision.point.keep < 1.0 ? Rule::kRanked : Rule::kDense;
  row.score = allocation.score;
  row.scope = allocation.scope;
  row.keep = decision.point.keep;
  row.fidelity_target = decision.target;
  row.predicted_fidelity = decision.point.fidelity;
  row.predicted_error = decision.point.error;
  return row;
}

/// Rows of both branches, sorted; decisions come sorted, one branch after the other within a phase.
std::vector<PlanRow> rows_of(const Context& context, const Allocation& allocation) {
  const std::size_t branches = context.source.meta().branches.size();
  const std::size_t a_phase = allocation.decisions.size() / allocation.phases.size();
  const std::size_t sites = a_phase / branches;
  std::vector<PlanRow> rows;
  rows.reserve(allocation.phases.size() * 2 * sites);
  for (std::size_t phase = 0; phase < allocation.phases.size(); ++phase)
    for (std::size_t branch = 0; branch < 2; ++branch)
      for (std::size_t site = 0; site < sites; ++site) {
        const std::size_t source = std::min(branch, branches - 1);
        rows.push_back(row_of(allocation.decisions[phase * a_phase + source * sites + site], allocation));
        rows.back().branch = branch == 0 ? Branch::kConditional : Branch::kUnconditional;
      }
  return rows;
}

}  // namespace

Plan assemble_plan(const Context& context, const std::string& method, const Allocation& allocation) {
  const auto& meta = context.source.meta();
  Plan plan;
  plan.tool_version = version();
  plan.method = method;
  plan.options = options_json(context, allocation);
  plan.profile = context.source.content_digest();
  plan.model = meta.model;
  plan.grid = meta.grid;
  plan.block = meta.block;
  plan.schedule = context.steps.schedule;
  plan.phases = allocation.phases;
  plan.row_floor = allocation.row_floor;
  plan.keep_diagonal = allocation.keep_diagonal;
  plan.rows = rows_of(context, allocation);
  plan.global_density = global_density(plan);
  return plan;
}

}  // namespace wean::calibrate
