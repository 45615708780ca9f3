#include "common/base/vocabulary.h"

#include "common/base/error.h"

namespace wean {

std::string to_string(const Grid& grid) {
  return std::to_string(grid.frames) + "x" + std::to_string(grid.height) + "x" + std::to_string(grid.width);
}

const char* to_string(Branch branch) noexcept {
  return branch == Branch::kConditional ? "conditional" : "unconditional";
}

std::size_t phase_of(std::span<const Phase> phases, double sigma) {
  for (std::size_t i = 0; i + 1 < phases.size(); ++i) {
    if (sigma > phases[i].sigma_low) return i;
  }
  return phases.size() - 1;
}

PhaseTable make_phases(std::span<const double> sigmas, std::size_t count) {
  require(count >= 1 && count <= sigmas.size(), ErrorCode::kUsage, "phases ", count, ": allowed are 1 to ",
          sigmas.size(), ", the number of steps");
  PhaseTable phases(count);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t steps = sigmas.size() / count + (i < sigmas.size() % count ? 1 : 0);
    const std::size_t end = begin + steps;
    phases[i].sigma_high = i == 0 ? 1.0 : phases[i - 1].sigma_low;
    phases[i].sigma_low = end == sigmas.size() ? 0.0 : (sigmas[end - 1] + sigmas[end]) / 2;
    phases[i].steps = static_cast<std::uint32_t>(steps);
    begin = end;
  }
  return phases;
}

void check_phases(std::span<const Phase> phases, const std::string& where) {
  require(!phases.empty(), ErrorCode::kMalformed, where, ": no phases; at least one is required");
  require(phases.front().sigma_high == 1.0 && phases.back().sigma_low == 0.0, ErrorCode::kMalformed, where,
          ": phases span sigma ", phases.front().sigma_high, " to ", phases.back().sigma_low,
          "; they must span 1 to 0");
  for (std::size_t i = 0; i < phases.size(); ++i) {
    require(phases[i].sigma_high > phases[i].sigma_low, ErrorCode::kMalformed, where, ": phase ", i, " from sigma ",
            phases[i].sigma_high, " to ", phases[i].sigma_low, "; sigma must fall");
    require(i == 0 || phases[i].sigma_high == phases[i - 1].sigma_low, ErrorCode::kMalformed, where,
            ": gap between phases ", i - 1, " and ", i);
  }
}

}  // namespace wean
