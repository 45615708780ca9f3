#include <map>

#include "inspect/show/summary.h"

namespace wean::inspect {
namespace {

const char* name_of(Score score) {
  switch (score) {
    case Score::kMass:
      return "mass";
    case Score::kMassPooled:
      return "pooled mass";
    case Score::kThresholdRow:
      return "row threshold";
    case Score::kThresholdMap:
      return "map threshold";
    case Score::kRemovalError:
      break;
  }
  return "removal error";
}

std::string rule_name(const PlanRow& row) {
  if (row.rule == Rule::kDense) return "dense";
  return std::string("by ") + name_of(row.score) + (row.scope == CutScope::kRow ? ", each row" : ", whole map");
}

}  // namespace

Summary summarize_plan(const std::filesystem::path& path) {
  const Plan plan = read_plan(path);
  const std::size_t layers = std::size_t{plan.model.experts} * plan.model.layers;
  SiteTable keep(plan.phases.size(), layers), fidelity = keep, target = keep;
  std::map<std::string, std::uint64_t> rules;
  bool has_targets = false;
  for (const PlanRow& row : plan.rows) {
    const std::size_t layer = std::size_t{row.expert} * plan.model.layers + row.layer;
    keep.add(row.phase, layer, row.keep);
    fidelity.add(row.phase, layer, row.predicted_fidelity);
    target.add(row.phase, layer, row.fidelity_target);
    has_targets = has_targets || row.fidelity_target > 0;
    ++rules[rule_name(row)];
  }
  std::vector<Phase> phases;
  for (const PlanPhase& phase : plan.phases) phases.push_back({phase.sigma_high, phase.sigma_low, phase.steps});
  Summary summary{Kind::kPlan,
                  path,
                  std::filesystem::file_size(path),
                  fields_of(plan),
                  phases,
                  {{"density", "density", keep}, {"predicted fidelity", "predicted_fidelity", fidelity}},
                  {}};
  if (has_targets) summary.tables.push_back({"fidelity target", "fidelity_target", target});
  summary.extra.push_back({"sites", std::uint64_t{plan.rows.size()}});
  for (const auto& [rule, count] : rules) summary.extra.push_back({"sites " + rule, count});
  return summary;
}

}  // namespace wean::inspect
