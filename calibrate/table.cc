#include "calibrate/table.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/parallel.h"
#include "common/base/stop.h"
#include "schemas/plan/scores.h"

namespace wean::calibrate {
namespace {

constexpr int kGridSteps = 256;
constexpr double kBatchBytes = 256e6;

/// What one phase of a slab is ranked and measured by.
struct PhaseInput {
  std::vector<float> statistic, mass, error;
  RowSample rows;
};

/// One (branch, expert, layer) in all phases; `pooled` ranks all of them where the score pools.
struct LayerInput {
  std::size_t slab = 0;
  std::vector<float> pooled;
  std::vector<PhaseInput> phases;
};

std::vector<float> load_statistic(const ProfileSource& source, Score score, const SlabKey& key) {
  switch (score) {
    case Score::kThresholdRow:
      return source.threshold(key, TopkScope::kRow);
    case Score::kThresholdMap:
      return source.threshold(key, TopkScope::kMap);
    case Score::kRemovalError:
      return source.removal_error(key);
    default:
      return source.mass(key);
  }
}

LayerInput load_layer(const Context& context, Score score, std::size_t slab) {
  const auto& meta = context.source.meta();
  LayerInput input{slab, {}, {}};
  MassPool pool;
  for (std::size_t phase = 0; phase < meta.phases.size(); ++phase) {
    throw_if_stopped("nothing was written; run the same command again");
    const auto key = slab_key(meta, phase, slab);
    auto statistic = load_statistic(context.source, score, key);
    if (score == Score::kMassPooled) {
      pool.add(statistic, meta.phases[phase].steps);
      statistic = {};
    }
    const bool ties = score != Score::kMass && score != Score::kMassPooled;
    input.phases.push_back({std::move(statistic), ties ? context.source.mass(key) : std::vector<float>{},
                            context.source.removal_error(key), context.source.rows(key)});
  }
  input.pooled = pool.mean();
  return input;
}

/// Computes the curves of one head at a time from loaded layers; safe to call for different heads at once.
class HeadTabulator {
 public:
  HeadTabulator(const Context& context, const RankingRules& rules, std::span<const double> keeps)
      : rules_(rules),
        keeps_(keeps),
        geometry_(context.source.meta().geometry()),
        pairs_(static_cast<std::size_t>(geometry_.pairs())),
        prompts_(context.source.meta().prompts.size()) {}

  void run(const LayerInput& input, std::size_t head, CurveTable& table) const {
    CutOrder order;
    if (!input.pooled.empty()) order = order_of(of_head(input.pooled, head), {});
    for (std::size_t phase = 0; phase < input.phases.size(); ++phase) {
      const auto& data = input.phases[phase];
      if (input.pooled.empty()) order = order_of(of_head(data.statistic, head), of_head(data.mass, head));
      const HeadEvidence evidence{geometry_,
                                  &data.rows,
                                  static_cast<std::uint32_t>(head),
                                  static_cast<std::uint32_t>(table.shape.heads),
                                  of_head(data.error, head),
                                  prompts_};
      table.curves[table.shape.curve_index(phase, input.slab, head)] = trace_curve(evidence, order, keeps_);
    }
  }

 private:
  std::span<const float> of_head(const std::vector<float>& slab, std::size_t head) const {
    return slab.empty() ? std::span<const float>{} : std::span(slab).subspan(head * pairs_, pairs_);
  }

  CutOrder order_of(std::span<const float> statistic, std::span<const float> mass) const {
    const auto ranking = ranking_of(rules_.score, geometry_, statistic, mass);
    return cut_order({geometry_, rules_.scope, ranking.smaller_first, rules_.row_floor, rules_.keep_diagonal},
                     ranking.score, ranking.tie);
  }

  const RankingRules& rules_;
  std::span<const double> keeps_;
  BlockGeometry geometry_;
  std::size_t pairs_, prompts_;
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

double layer_bytes(const ProfileMeta& meta) {
  constexpr double kArrays = 3;  // statistic, mass, error
  const auto geometry = meta.geometry();
  const auto rows = static_cast<double>(meta.sigmas.size() * meta.sampled_rows) * static_cast<double>(geometry.cols());
  const auto pairs = kArrays * static_cast<double>(meta.phases.size()) * static_cast<double>(geometry.pairs());
  return sizeof(float) * meta.model.heads * (pairs + rows);
}

CurveTable tabulate(const Context& context, const RankingRules& rules, std::span<const double> keeps) {
  const auto& meta = context.source.meta();
  CurveTable table{site_shape(meta), {}};
  table.curves.resize(table.shape.phases * table.shape.slabs_a_phase() * table.shape.heads);
  const HeadTabulator tabulator(context, rules, keeps);
  const auto slabs = table.shape.slabs_a_phase(), heads = table.shape.heads;
  const auto batch = std::max<std::size_t>(1, static_cast<std::size_t>(kBatchBytes / layer_bytes(meta)));
  for (std::size_t first = 0; first < slabs; first += batch) {
    std::vector<LayerInput> inputs;
    for (std::size_t slab = first; slab < std::min(slabs, first + batch); ++slab)
      inputs.push_back(load_layer(context, rules.score, slab));
    parallel_for(static_cast<std::int64_t>(inputs.size() * heads), context.threads, [&](std::int64_t i) {
      const auto item = static_cast<std::size_t>(i);
      tabulator.run(inputs[item / heads], item % heads, table);
    });
    const auto done = first + inputs.size();
    if (context.progress) context.progress({done, slabs, "layer " + std::to_string(done)});
  }
  return table;
}

}  // namespace wean::calibrate
