#include "calibrate/ladder.h"

#include <cmath>

namespace wean::calibrate {
namespace {

constexpr int kMaxBisections = 100;

/// Raises cells in order towards `ceiling` while each step brings the density nearer to `wanted`.
void top_up(const Ladder& ladder, const Rungs& ceiling, double wanted, Rungs& rungs) {
  double missing = wanted - ladder.density(rungs);
  for (std::size_t i = 0; i < rungs.size(); ++i) {
    const auto& curve = ladder.curve(i);
    for (; rungs[i] < ceiling[i]; ++rungs[i]) {
      const double gain = ladder.cells[i].weight * (curve[rungs[i] + 1].keep - curve[rungs[i]].keep);
      if (std::abs(missing - gain) > std::abs(missing)) break;
      missing -= gain;
    }
  }
}

Rungs dense_rungs(const Ladder& ladder) {
  Rungs rungs;
  for (std::size_t i = 0; i < ladder.cells.size(); ++i) rungs.push_back(ladder.curve(i).size() - 1);
  return rungs;
}

}  // namespace

double Ladder::density(const Rungs& rungs) const {
  double sum = 0.0;
  for (std::size_t i = 0; i < rungs.size(); ++i) sum += cells[i].weight * curve(i)[rungs[i]].keep;
  return sum;
}

Settled settle_density(const Ladder& ladder, const std::function<Rungs(double)>& choose, double low, double high,
                       double wanted) {
  Rungs above = choose(low), below = choose(high);
  if (ladder.density(above) <= wanted) {
    top_up(ladder, dense_rungs(ladder), wanted, above);
    return {low, above};
  }
  if (ladder.density(below) > wanted) return {high, below};
  for (int i = 0; i < kMaxBisections; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    Rungs rungs = choose(middle);
    if (ladder.density(rungs) > wanted) {
      low = middle;
      above = std::move(rungs);
    } else {
      high = middle;
      below = std::move(rungs);
    }
  }
  top_up(ladder, above, wanted, below);
  return {high, below};
}

void apply_rungs(const Ladder& ladder, const Rungs& rungs, std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i)
    cells[i].decision.point = cells[i].dense ? CurvePoint{} : ladder.curve(i)[rungs[i]];
}

}  // namespace wean::calibrate
