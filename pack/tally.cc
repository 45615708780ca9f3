#include "pack/tally.h"

namespace wean::pack {

Tally::Tally(const Plan& plan) : sites_of_phase_(plan.rows.size() / plan.phases.size()), planned_(plan.global_density) {
  for (const PlanPhase& phase : plan.phases) phases_.push_back({phase, 0, 0, 0, 0});
}

void Tally::add(std::uint32_t phase, std::span<const PlanRow> rows, std::span<const SiteMask> sites) {
  PhaseReport& sum = phases_[phase];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum.planned += rows[i].keep;
    sum.realised += sites[i].density;
    sum.recall += sites[i].recall;
    sum.dense += sites[i].mask.dense ? 1U : 0U;
  }
}

void Tally::fill(PackReport& report) const {
  report.phases = phases_;
  report.planned = planned_;
  double steps = 0;
  const auto sites = static_cast<double>(sites_of_phase_);
  for (PhaseReport& phase : report.phases) {
    phase.planned /= sites;
    phase.realised /= sites;
    phase.recall /= sites;
    report.realised += phase.phase.steps * phase.realised;
    report.recall += phase.phase.steps * phase.recall;
    report.dense += phase.dense;
    steps += phase.phase.steps;
  }
  report.realised /= steps;
  report.recall /= steps;
  report.sites = sites_of_phase_ * phases_.size();
}

}  // namespace wean::pack
