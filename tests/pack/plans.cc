#include "tests/pack/plans.h"

namespace wean::testing {

Plan make_plan(const ProfileMeta& profile, const Digest& content, const RowRule& rule) {
  Plan plan;
  plan.tool_version = "test";
  plan.method = "invented";
  plan.options = "{}";
  plan.profile = content;
  plan.model = profile.model;
  plan.grid = profile.grid;
  plan.block = profile.block;
  plan.schedule = {profile.recipe.sampler, profile.recipe.steps, profile.recipe.shift};
  for (std::uint32_t phase = 0; phase < profile.phases.size(); ++phase) {
    const Phase& from = profile.phases[phase];
    plan.phases.push_back({from.sigma_high, from.sigma_low, from.steps, phase});
  }
  const std::uint64_t sites = std::uint64_t{profile.model.experts} * profile.model.layers * profile.model.heads;
  for (std::uint64_t i = 0; i < plan.phases.size() * 2 * sites; ++i) {
    PlanRow row;
    row.phase = static_cast<std::uint32_t>(i / (2 * sites));
    row.branch = static_cast<Branch>(i / sites % 2);
    row.expert = static_cast<std::uint32_t>(i % sites / (profile.model.layers * profile.model.heads));
    row.layer = static_cast<std::uint32_t>(i / profile.model.heads % profile.model.layers);
    row.head = static_cast<std::uint32_t>(i % profile.model.heads);
    rule(row);
    plan.rows.push_back(row);
  }
  plan.global_density = global_density(plan);
  return plan;
}

void mixed_rule(PlanRow& row) {
  const std::uint32_t kind = row.phase * 7 + row.layer * 3 + row.head;
  row.rule = kind % 6 == 5 ? Rule::kDense : Rule::kRanked;
  row.score = static_cast<Score>(kind % 5);
  row.scope = static_cast<CutScope>(kind / 5 % 2);
  row.keep = row.rule == Rule::kDense ? 1.0 : 0.2 + 0.05 * (kind % 11);
}

RowRule uniform_rule(Score score, CutScope scope, double keep) {
  return [=](PlanRow& row) {
    row.rule = Rule::kRanked;
    row.score = score;
    row.scope = scope;
    row.keep = keep;
  };
}

}  // namespace wean::testing
