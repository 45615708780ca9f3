// A small valid plan that the plan tests share: 2 phases, 2 layers, 3 heads, mixed rules.
#pragma once
#include "schemas/plan/plan.h"

namespace wean::testing {

[[nodiscard]] inline Plan example_plan() {
  Plan plan;
  plan.tool_version = "0.1.0";
  plan.method = "west-fast";
  plan.options = R"({"density":0.45})";
  plan.profile = sha256("profile");
  plan.model = {"wan2.1-t2v", 1, 2, 3, 64, sha256("weights"), sha256("config"), sha256("quick")};
  plan.grid = {3, 5, 7};
  plan.block = 16;
  plan.schedule = {"unipc", 5, 3.0};
  plan.phases = {{1.0, 0.75, 2, 0}, {0.75, 0.0, 3, 1}};
  plan.row_floor = 0.1;
  plan.keep_diagonal = true;
  for (std::uint32_t i = 0; i < 2 * 2 * 2 * 3; ++i) {
    PlanRow row;
    row.phase = i / 12;
    row.branch = static_cast<Branch>(i / 6 % 2);
    row.layer = i / 3 % 2;
    row.head = i % 3;
    row.rule = i % 4 == 0 ? Rule::kDense : Rule::kRanked;
    row.score = static_cast<Score>(i % 5);
    row.scope = static_cast<CutScope>(i % 2);
    row.keep = row.rule == Rule::kDense ? 1.0 : (i + 1) / 32.0;
    row.fidelity_target = i / 100.0;
    row.predicted_fidelity = 1 - i / 64.0;
    row.predicted_error = i * 0.3;
    plan.rows.push_back(row);
  }
  plan.global_density = global_density(plan);
  return plan;
}

}  // namespace wean::testing
