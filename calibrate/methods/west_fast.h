// WEST + FAST, open to the surface grid: one table of curves serves every (w', gamma).
#pragma once
#include <optional>
#include <vector>

#include "calibrate/ladder.h"
#include "calibrate/method.h"
#include "calibrate/surface.h"

namespace wean::calibrate {

/// The paper's values of w' and gamma to choose from.
inline constexpr double kSurfaceW[] = {0.5, 1.0, 2.0, 4.0, 8.0};
inline constexpr double kSurfaceGamma[] = {0.5, 1.0, 2.0, 4.0};

class WestFast final : public Method {
 public:
  WestFast(const Context& context, TopkScope scope);
  /// Over the gammas that allocate() may use.
  Reach reach() override;
  std::vector<Allocation> allocate(std::span<const double> densities) override;

  /// Lowest density of one surface (beta = 1); the highest is 1 (beta = 0).
  [[nodiscard]] double lowest(double w_prime, double gamma);
  /// The allocation of one surface nearest to `density`, beta solved by bisection.
  [[nodiscard]] Allocation solve(double w_prime, double gamma, double density);

 private:
  const CurveTable& table();
  [[nodiscard]] std::vector<double> heights(double w_prime, double gamma) const;
  [[nodiscard]] Rungs meet(const Ladder& ladder, const std::vector<double>& heights, double beta) const;
  [[nodiscard]] std::vector<double> gammas() const;
  [[nodiscard]] double w_prime() const { return context_.options.west_w.value_or(4.0); }
  const Context& context_;
  RankingRules rules_;
  std::vector<PlanPhase> phases_;
  std::vector<Cell> cells_;
  std::optional<CurveTable> table_;
};

}  // namespace wean::calibrate
