#include "calibrate/curve.h"

#include <algorithm>
#include <numeric>

#include "calibrate/fidelity.h"
#include "common/base/error.h"

namespace wean::calibrate {
namespace {

/// The sampled rows of one head with the mass that they have lost so far.
class SampledRows {
 public:
  explicit SampledRows(const HeadEvidence& evidence)
      : rows_(*evidence.rows), cols_(static_cast<std::size_t>(evidence.geometry.cols())) {
    const std::size_t count = std::size_t{rows_.steps} * rows_.rows;
    require(count > 0, ErrorCode::kMalformed, "profile: a phase has no sampled rows");
    of_block_.resize(static_cast<std::size_t>(evidence.geometry.rows()));
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t step = i / rows_.rows, row = i % rows_.rows;
      mass_.push_back(rows_.mass.data() + ((step * evidence.heads + evidence.head) * rows_.rows + row) * cols_);
      total_.push_back(std::accumulate(mass_[i], mass_[i] + cols_, 0.0));
      require(total_[i] > 0.0, ErrorCode::kMalformed, "profile: sampled row ", row, " of step ", rows_.step[step],
              ", head ", evidence.head, " has no mass");
      of_block_[rows_.token[i] / static_cast<std::size_t>(evidence.geometry.q_block)].push_back(i);
    }
    dropped_.assign(count, 0.0);
  }

  void drop(std::size_t u, std::size_t v) {
    for (const auto i : of_block_[u]) dropped_[i] += static_cast<double>(mass_[i][v]);
  }

  /// Fills fidelity and kept mass with the means over rows, added in sample order.
  void measure(CurvePoint& point) const {
    double fidelity = 0.0, dropped = 0.0;
    for (std::size_t i = 0; i < dropped_.size(); ++i) {
      const double share = std::min(1.0, dropped_[i] / total_[i]);
      fidelity += fidelity_of_dropped(share);
      dropped += share;
    }
    const auto count = static_cast<double>(dropped_.size());
    point.fidelity = fidelity / count;
    point.kept_mass = 1.0 - dropped / count;
  }

 private:
  const RowSample& rows_;
  std::size_t cols_;
  std::vector<const float*> mass_;
  std::vector<double> total_, dropped_;
  std::vector<std::vector<std::size_t>> of_block_;
};

}  // namespace

SiteCurve trace_curve(const HeadEvidence& evidence, const CutOrder& order, std::span<const double> keeps) {
  const auto& geometry = evidence.geometry;
  const auto cols = static_cast<std::uint32_t>(geometry.cols());
  const auto all_rows = static_cast<double>(evidence.prompts) * static_cast<double>(geometry.q_tokens);
  const auto lengths = cut_lengths(geometry, order, keeps);
  SampledRows rows(evidence);
  SiteCurve curve(keeps.size());
  double error = 0.0;
  std::int64_t work = geometry.total_work();
  std::size_t end = order.pairs.size();
  for (std::size_t k = keeps.size(); k-- > 0;) {
    for (; end > lengths[k]; --end) {
      const auto pair = order.pairs[end - 1];
      rows.drop(pair / cols, pair % cols);
      error += static_cast<double>(evidence.removal_error[pair]);
      work -= geometry.work(pair / cols, pair % cols);
    }
    curve[k].keep = static_cast<double>(work) / static_cast<double>(geometry.total_work());
    curve[k].error = error / all_rows;
    rows.measure(curve[k]);
  }
  return curve;
}

}  // namespace wean::calibrate
