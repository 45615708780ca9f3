// Uniform budgets over given phases: what uniform and uniform-warmup share.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "calibrate/cells.h"
#include "calibrate/method.h"
#include "calibrate/table.h"

namespace wean::calibrate {

/// The same keep share for every site that is not forced dense; the first `dense_phases` of `phases` are.
class Uniform final : public Method {
 public:
  /// `facts` go into every allocation.
  Uniform(const Context& context, std::vector<PlanPhase> phases, std::size_t dense_phases,
          std::map<std::string, double> facts);
  /// From what the row floor, the diagonal and one pair a row force to 1.
  Reach reach() override;
  std::vector<Allocation> allocate(std::span<const double> densities) override;

 private:
  [[nodiscard]] Allocation settled_at(const CurveTable& table, std::size_t point, double rest) const;
  const Context& context_;
  RankingRules rules_;
  std::vector<PlanPhase> phases_;
  std::vector<Cell> cells_;
  double dense_weight_;
  std::map<std::string, double> facts_;
};

}  // namespace wean::calibrate
