#include "schemas/plan/checks.h"

#include <cmath>
#include <tuple>

#include "schemas/profile/fields.h"

namespace wean {
namespace {

constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 26;
constexpr double kDensityTolerance = 1e-9;

bool within(double value, double min, double max) { return value >= min && value <= max; }

std::string row_name(const std::string& where, std::size_t index) { return where + ": row " + std::to_string(index); }

auto key_of(const PlanRow& row) { return std::tuple(row.phase, row.branch, row.expert, row.layer, row.head); }

std::string key_text(const PlanRow& row) {
  std::ostringstream text;
  text << "(phase " << row.phase << ", " << to_string(row.branch) << ", expert " << row.expert << ", layer "
       << row.layer << ", head " << row.head << ")";
  return text.str();
}

/// The key that row `index` of a sorted and complete plan has.
PlanRow expected_key(const ModelIdentity& model, std::size_t index) {
  PlanRow row;
  row.head = static_cast<std::uint32_t>(index % model.heads);
  index /= model.heads;
  row.layer = static_cast<std::uint32_t>(index % model.layers);
  index /= model.layers;
  row.expert = static_cast<std::uint32_t>(index % model.experts);
  index /= model.experts;
  row.branch = static_cast<Branch>(index % 2);
  row.phase = static_cast<std::uint32_t>(index / 2);
  return row;
}

void check_row_values(const PlanRow& row, ErrorCode code, const std::string& where) {
  require(row.rule <= Rule::kRanked, code, where, ": rule ", int{static_cast<std::uint8_t>(row.rule)},
          "; allowed are 0 (dense) and 1 (ranked)");
  require(row.score <= Score::kRemovalError, code, where, ": score ", int{static_cast<std::uint8_t>(row.score)},
          "; allowed are 0 to 4");
  require(row.scope <= CutScope::kMap, code, where, ": scope ", int{static_cast<std::uint8_t>(row.scope)},
          "; allowed are 0 (row) and 1 (map)");
  require(row.keep > 0 && row.keep <= 1, code, where, ": keep ", row.keep, "; allowed are values in (0, 1]");
  require(row.rule == Rule::kRanked || row.keep == 1, code, where, ": keep ", row.keep,
          " of a dense site; it must be 1");
  require(within(row.fidelity_target, 0, 1), code, where, ": fidelity_target ", row.fidelity_target,
          "; allowed are values in [0, 1]");
  require(within(row.predicted_fidelity, 0, 1), code, where, ": predicted_fidelity ", row.predicted_fidelity,
          "; allowed are values in [0, 1]");
  require(row.predicted_error >= 0 && std::isfinite(row.predicted_error), code, where, ": predicted_error ",
          row.predicted_error, "; allowed are finite values from 0");
}

void check_rows(const Plan& plan, ErrorCode code, const std::string& where) {
  const std::uint64_t expected = expected_rows(plan.model, plan.phases.size(), code, where);
  require(plan.rows.size() == expected, code, where, ": ", plan.rows.size(), " rows; ", expected,
          " are needed, one for every phase, branch, expert, layer and head");
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    const PlanRow wanted = expected_key(plan.model, i);
    if (key_of(plan.rows[i]) != key_of(wanted)) {
      fail(code, row_name(where, i), ": ", key_text(plan.rows[i]), " stands where ", key_text(wanted),
           " must stand; rows are sorted and complete");
    }
    check_row_values(plan.rows[i], code, row_name(where, i));
  }
}

void check_plan_phases(const Plan& plan, ErrorCode code, const std::string& where) {
  const auto& phases = plan.phases;
  require(!phases.empty(), code, where, ": no phases; at least one is needed");
  require(phases.front().sigma_high == 1 && phases.back().sigma_low == 0, code, where, ": phases span sigma ",
          phases.front().sigma_high, " to ", phases.back().sigma_low, "; they must span 1 to 0");
  std::uint64_t steps = 0;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const std::string phase = where + ": phase " + std::to_string(i);
    require(phases[i].sigma_high > phases[i].sigma_low, code, phase, " from sigma ", phases[i].sigma_high, " to ",
            phases[i].sigma_low, "; sigma must fall");
    require(i == 0 || phases[i].sigma_high == phases[i - 1].sigma_low, code, phase, " begins at sigma ",
            phases[i].sigma_high, "; the one before ends at ", phases[i == 0 ? 0 : i - 1].sigma_low);
    require(i == 0 || phases[i].profile_phase >= phases[i - 1].profile_phase, code, phase, ": profile_phase ",
            phases[i].profile_phase, " falls; it must not");
    steps += phases[i].steps;
  }
  require(steps == plan.schedule.steps && steps >= 1, code, where, ": phases hold ", steps, " steps; the schedule has ",
          plan.schedule.steps);
}

}  // namespace

std::uint64_t expected_rows(const ModelIdentity& model, std::uint64_t phases, ErrorCode code,
                            const std::string& where) {
  // Bounds of check_model keep the product of the last three below 2^26, so only `phases` can overflow it.
  const std::uint64_t sites = std::uint64_t{model.experts} * model.layers * model.heads;
  require(phases <= kMaxRows && phases * 2 * sites <= kMaxRows, code, where, ": ", phases, " phases of ", 2 * sites,
          " sites; at most ", kMaxRows, " rows are allowed");
  return phases * 2 * sites;
}

void check_plan(const Plan& plan, ErrorCode code, const std::string& where) {
  check_model(plan.model, code, where);
  check_grid(plan.grid, plan.block, code, where);
  require(!plan.method.empty(), code, where, ": method is empty; its name is needed");
  require(!plan.schedule.sampler.empty() && std::isfinite(plan.schedule.shift) && plan.schedule.shift > 0, code, where,
          ": schedule '", plan.schedule.sampler, "' with shift ", plan.schedule.shift,
          "; a sampler's name and a shift above 0 are needed");
  require(within(plan.row_floor, 0, 1), code, where, ": row_floor ", plan.row_floor, "; allowed are values in [0, 1]");
  check_plan_phases(plan, code, where);
  check_rows(plan, code, where);
  const double density = global_density(plan);
  require(std::abs(density - plan.global_density) <= kDensityTolerance, code, where, ": global_density ",
          plan.global_density, "; its rows give ", density);
}

double global_density(const Plan& plan) {
  const std::size_t sites = plan.phases.empty() ? 0 : plan.rows.size() / plan.phases.size();
  double kept = 0, total = 0;
  for (std::size_t phase = 0; phase < plan.phases.size(); ++phase) {
    double keep = 0;
    for (std::size_t i = 0; i < sites; ++i) keep += plan.rows[phase * sites + i].keep;
    kept += plan.phases[phase].steps * keep;
    total += plan.phases[phase].steps * static_cast<double>(sites);
  }
  return total > 0 ? kept / total : 1.0;
}

}  // namespace wean
