#include "calibrate/cells.h"

#include <algorithm>

#include "common/base/error.h"

namespace wean::calibrate {
namespace {

void check_forced(const MethodOptions& options, const ProfileMeta& meta) {
  require(options.dense_phases <= meta.phases.size(), ErrorCode::kUsage, "--dense-phases ", options.dense_phases,
          ": the profile has ", meta.phases.size(), " phases");
  for (const auto layer : options.dense_layers)
    require(layer < meta.model.layers, ErrorCode::kUsage, "--dense-layers ", layer, ": the profile has layers 0 to ",
            meta.model.layers - 1);
}

}  // namespace

std::vector<Cell> make_cells(const Context& context, std::span<const PlanPhase> phases, std::size_t dense_plan_phases) {
  const auto& meta = context.source.meta();
  const auto& options = context.options;
  check_forced(options, meta);
  const SiteShape shape = site_shape(meta);
  const double sites = static_cast<double>(shape.slabs_a_phase() * shape.heads);
  std::vector<Cell> cells;
  for (std::uint32_t p = 0; p < phases.size(); ++p) {
    const double weight = phases[p].steps / (static_cast<double>(context.steps.sigmas.size()) * sites);
    for (std::size_t slab = 0; slab < shape.slabs_a_phase(); ++slab) {
      const auto key = slab_key(meta, phases[p].profile_phase, slab);
      const bool dense = p < dense_plan_phases || key.phase < options.dense_phases ||
                         std::count(options.dense_layers.begin(), options.dense_layers.end(), key.layer) > 0;
      for (std::uint32_t head = 0; head < shape.heads; ++head)
        cells.push_back({{p, key.branch, key.expert, key.layer, head, 0.0, {}},
                         shape.curve_index(key.phase, slab, head),
                         weight,
                         dense});
    }
  }
  return cells;
}

double dense_weight(std::span<const Cell> cells) {
  double sum = 0.0;
  for (const auto& cell : cells) sum += cell.dense ? cell.weight : 0.0;
  return sum;
}

void settle(std::vector<Cell> cells, Allocation& allocation) {
  CurvePoint mean{0.0, 0.0, 0.0, 0.0};
  allocation.decisions.reserve(cells.size());
  for (const auto& cell : cells) {
    const auto& point = cell.decision.point;
    mean.keep += cell.weight * point.keep;
    mean.fidelity += cell.weight * point.fidelity;
    mean.kept_mass += cell.weight * point.kept_mass;
    mean.error += cell.weight * point.error;
    allocation.decisions.push_back(cell.decision);
  }
  allocation.mean = mean;
}

}  // namespace wean::calibrate
