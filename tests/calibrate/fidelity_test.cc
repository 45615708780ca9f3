// Closed forms against the definition of the Hellinger distance, and the figures of METHOD.md section 2.
#include "calibrate/fidelity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace wean::calibrate {
namespace {

/// 1 - (1 / sqrt 2) || sqrt P - sqrt P~ || with P~ the masked and renormalised P.
double fidelity_by_definition(const std::vector<double>& p, const std::vector<bool>& keep) {
  double kept = 0.0, sum = 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) kept += keep[i] ? p[i] : 0.0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double difference = std::sqrt(p[i]) - (keep[i] ? std::sqrt(p[i] / kept) : 0.0);
    sum += difference * difference;
  }
  return 1.0 - std::sqrt(sum / 2.0);
}

TEST(Fidelity, ClosedFormEqualsTheDefinition) {
  std::mt19937 engine(1);
  std::exponential_distribution<double> weight(1.0);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> p(40);
    std::vector<bool> keep(40);
    double sum = 0.0, dropped = 0.0;
    for (auto& value : p) sum += value = weight(engine);
    for (std::size_t i = 0; i < p.size(); ++i) {
      p[i] /= sum;
      keep[i] = i == 0 || engine() % 100 < static_cast<unsigned>(trial % 100);
      dropped += keep[i] ? 0.0 : p[i];
    }
    EXPECT_NEAR(fidelity_of_dropped(dropped), fidelity_by_definition(p, keep), 1e-12);
  }
}

TEST(Fidelity, KeptMassOfMethodTable) {
  EXPECT_NEAR(kept_of_fidelity(0.9), 0.98, 0.005);
  EXPECT_NEAR(kept_of_fidelity(0.8), 0.92, 0.005);
  EXPECT_NEAR(kept_of_fidelity(0.7), 0.83, 0.005);
  EXPECT_NEAR(kept_of_fidelity(0.5), 0.56, 0.005);
  EXPECT_NEAR(kept_of_fidelity(0.97), 0.998, 0.0005);
  for (const double f : {0.0, 0.2, 0.5, 0.93, 1.0})
    EXPECT_NEAR(fidelity_of_dropped(1.0 - kept_of_fidelity(f)), f, 1e-8);
}

TEST(Fidelity, IsExactAtTheEndsAndKeepsDigitsNearOne) {
  EXPECT_EQ(fidelity_of_dropped(0.0), 1.0);
  EXPECT_EQ(fidelity_of_dropped(1.0), 0.0);
  EXPECT_EQ(fidelity_of_dropped(1.5), 0.0);
  EXPECT_EQ(fidelity_of_dropped(-1e-18), 1.0);
  EXPECT_NEAR((1.0 - fidelity_of_dropped(1e-18)) / std::sqrt(0.5e-18), 1.0, 1e-6);
}

}  // namespace
}  // namespace wean::calibrate
