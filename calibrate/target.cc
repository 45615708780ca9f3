#include "calibrate/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/base/error.h"

namespace wean::calibrate {
namespace {

constexpr int kProbes = 32;
constexpr double kFidelityTolerance = 0.005;

/// `kProbes` + 1 even densities from low to high.
std::vector<double> probes(double low, double high) {
  std::vector<double> densities;
  for (int i = 0; i <= kProbes; ++i) densities.push_back(low + (high - low) * i / kProbes);
  return densities;
}

std::size_t first_at_least(const std::vector<Allocation>& allocations, double fidelity) {
  const auto found = std::find_if(allocations.begin(), allocations.end() - 1,
                                  [&](const Allocation& allocation) { return allocation.mean.fidelity >= fidelity; });
  return static_cast<std::size_t>(found - allocations.begin());
}

}  // namespace

bool reached(const Allocation& allocation, double density) {
  // The slack is for g = target + .005 up to rounding.
  return std::abs(allocation.mean.keep - density) <= kDensityTolerance + 1e-12;
}

Allocation reach_density(Method& method, const std::string& name, double density) {
  auto allocation = std::move(method.allocate(std::span(&density, 1)).front());
  if (reached(allocation, density)) return allocation;
  const Reach reach = method.reach();
  if (density >= reach.low && density <= reach.high)
    fail(ErrorCode::kOutOfReach, "--density ", density, ": the nearest that ", name, " can give is ",
         fmt::format("{:.4f}", allocation.mean.keep), ", more than ", kDensityTolerance,
         " away (few or coarse blocks); ask for that, or for ", fmt::format("{:.4f} to {:.4f}", reach.low, reach.high));
  fail(ErrorCode::kOutOfReach, "--density ", density, " is out of reach of ", name,
       " with these options: reachable is ", fmt::format("{:.4f} to {:.4f}", reach.low, reach.high));
}

Allocation reach_fidelity(Method& method, const std::string& name, double fidelity) {
  const Reach reach = method.reach();
  auto densities = probes(reach.low, reach.high);
  auto allocations = method.allocate(densities);
  require(allocations.front().mean.fidelity <= fidelity + kFidelityTolerance, ErrorCode::kOutOfReach, "--fidelity ",
          fidelity, " is out of reach of ", name, " with these options: reachable is ",
          fmt::format("{:.4f} to 1", allocations.front().mean.fidelity));
  auto found = first_at_least(allocations, fidelity);
  if (found > 0) {
    densities = probes(densities[found - 1], densities[found]);
    allocations = method.allocate(densities);
    found = first_at_least(allocations, fidelity);
  }
  return std::move(allocations[found]);
}

}  // namespace wean::calibrate
