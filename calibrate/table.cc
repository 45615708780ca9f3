#include "calibrate/table.h"

#include "calibrate/parallel.h"
#include "common/base/error.h"
#include "common/base/stop.h"
#include "schemas/plan/scores.h"

namespace wean::calibrate {
namespace {

constexpr int kGridSteps = 256;

std::span<const float> of_head(const std::vector<float>& slab, std::size_t head, std::size_t pairs) {
  return std::span(slab).subspan(head * pairs, pairs);
}

/// Fills the curves of one (branch, expert, layer) in all phases.
class LayerTabulator {
 public:
  LayerTabulator(const Context& context, const RankingRules& rules, std::span<const double> keeps)
      : context_(context),
        rules_(rules),
        keeps_(keeps),
        geometry_(context.source.meta().geometry()),
        pairs_(static_cast<std::size_t>(geometry_.pairs())) {}

  void run(std::size_t slab, CurveTable& table) {
    std::vector<CutOrder> pooled;
    if (rules_.score == Score::kMassPooled) pooled = pooled_orders(slab, table.shape);
    for (std::size_t phase = 0; phase < table.shape.phases; ++phase) {
      throw_if_stopped("nothing was written; run the same command again");
      const auto key = slab_key(context_.source.meta(), phase, slab);
      const auto orders = pooled.empty() ? phase_orders(key, table.shape.heads) : std::vector<CutOrder>{};
      trace(key, pooled.empty() ? orders : pooled, &table.curves[table.shape.curve_index(phase, slab, 0)]);
    }
  }

 private:
  CutOrder order_of(const Ranking& ranking) const {
    return cut_order({geometry_, rules_.scope, ranking.smaller_first, rules_.row_floor, rules_.keep_diagonal},
                     ranking.score, ranking.tie);
  }

  std::vector<CutOrder> orders(const std::vector<float>& statistic, const std::vector<float>& mass,
                               std::size_t heads) const {
    std::vector<CutOrder> result(heads);
    parallel_for(heads, context_.threads, [&](std::size_t head) {
      const auto tie = mass.empty() ? std::span<const float>{} : of_head(mass, head, pairs_);
      result[head] = order_of(ranking_of(rules_.score, geometry_, of_head(statistic, head, pairs_), tie));
    });
    return result;
  }

  std::vector<CutOrder> pooled_orders(std::size_t slab, const SiteShape& shape) const {
    MassPool pool;
    const auto& meta = context_.source.meta();
    for (std::size_t phase = 0; phase < shape.phases; ++phase)
      pool.add(context_.source.mass(slab_key(meta, phase, slab)), meta.phases[phase].steps);
    return orders(pool.mean(), {}, shape.heads);
  }

  std::vector<CutOrder> phase_orders(const SlabKey& key, std::size_t heads) const {
    const auto& source = context_.source;
    switch (rules_.score) {
      case Score::kThresholdRow:
        return orders(source.threshold(key, TopkScope::kRow), source.mass(key), heads);
      case Score::kThresholdMap:
        return orders(source.threshold(key, TopkScope::kMap), source.mass(key), heads);
      case Score::kRemovalError:
        return orders(source.removal_error(key), source.mass(key), heads);
      default:
        return orders(source.mass(key), {}, heads);
    }
  }

  void trace(const SlabKey& key, const std::vector<CutOrder>& orders, SiteCurve* curves) const {
    const auto error = context_.source.removal_error(key);
    const auto rows = context_.source.rows(key);
    const auto heads = static_cast<std::uint32_t>(orders.size());
    parallel_for(orders.size(), context_.threads, [&](std::size_t head) {
      const HeadEvidence evidence{geometry_,
                                  &rows,
                                  static_cast<std::uint32_t>(head),
                                  heads,
                                  of_head(error, head, pairs_),
                                  context_.source.meta().prompts.size()};
      curves[head] = trace_curve(evidence, orders[head], keeps_);
    });
  }

  const Context& context_;
  const RankingRules& rules_;
  std::span<const double> keeps_;
  BlockGeometry geometry_;
  std::size_t pairs_;
};

}  // namespace

SiteShape site_shape(const ProfileMeta& meta) {
  return {meta.phases.size(), meta.branches.size(), meta.model.experts, meta.model.layers, meta.model.heads};
}

SlabKey slab_key(const ProfileMeta& meta, std::size_t phase, std::size_t slab) {
  const std::size_t layers = meta.model.layers, experts = meta.model.experts;
  return {static_cast<std::uint32_t>(phase), meta.branches[slab / layers / experts],
          static_cast<std::uint32_t>(slab / layers % experts), static_cast<std::uint32_t>(slab % layers)};
}

std::vector<double> density_grid() {
  std::vector<double> grid;
  for (int i = 1; i <= kGridSteps; ++i) grid.push_back(static_cast<double>(i) / kGridSteps);
  return grid;
}

CurveTable tabulate(const Context& context, const RankingRules& rules, std::span<const double> keeps) {
  CurveTable table{site_shape(context.source.meta()), {}};
  table.curves.resize(table.shape.phases * table.shape.slabs_a_phase() * table.shape.heads);
  LayerTabulator tabulator(context, rules, keeps);
  const auto slabs = table.shape.slabs_a_phase();
  for (std::size_t slab = 0; slab < slabs; ++slab) {
    tabulator.run(slab, table);
    if (context.progress) context.progress({slab + 1, slabs, "layer " + std::to_string(slab + 1)});
  }
  return table;
}

}  // namespace wean::calibrate
