#include "schemas/plan/plan.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/file.h"
#include "schemas/h5/child.h"
#include "schemas/h5/walk.h"
#include "schemas/plan/checks.h"
#include "schemas/profile/fields.h"

namespace wean {
namespace {

/// One dataset a field: f(name, member) is called for each, in file order.
template <typename F>
void for_each_key(F&& f) {
  f("row_phase", &PlanRow::phase);
  f("row_expert", &PlanRow::expert);
  f("row_layer", &PlanRow::layer);
  f("row_head", &PlanRow::head);
}
template <typename F>
void for_each_choice(F&& f) {
  f("row_branch", &PlanRow::branch);
  f("row_rule", &PlanRow::rule);
  f("row_score", &PlanRow::score);
  f("row_scope", &PlanRow::scope);
}
template <typename F>
void for_each_number(F&& f) {
  f("row_keep", &PlanRow::keep);
  f("row_fidelity_target", &PlanRow::fidelity_target);
  f("row_predicted_fidelity", &PlanRow::predicted_fidelity);
  f("row_predicted_error", &PlanRow::predicted_error);
}

std::vector<h5::Attribute> attributes_of(const Plan& plan) {
  std::vector<h5::Attribute> attributes;
  add_versions(attributes, kPlanKind);
  add_model(attributes, plan.model);
  add_grid(attributes, plan.grid, plan.block);
  attributes.push_back({"tool_version", plan.tool_version});
  attributes.push_back({"method", plan.method});
  attributes.push_back({"options", plan.options});
  attributes.push_back({"profile", to_hex(plan.profile)});
  attributes.push_back({"schedule_sampler", plan.schedule.sampler});
  attributes.push_back({"schedule_steps", std::uint64_t{plan.schedule.steps}});
  attributes.push_back({"schedule_shift", plan.schedule.shift});
  attributes.push_back({"row_floor", plan.row_floor});
  attributes.push_back({"keep_diagonal", std::uint64_t{plan.keep_diagonal ? 1U : 0U}});
  attributes.push_back({"global_density", plan.global_density});
  return attributes;
}

void read_attributes(const h5::Inventory& found, Plan& plan) {
  h5::AttributeReader reader(found);
  read_versions(reader, found.where, kPlanKind);
  plan.model = read_model(reader);
  read_grid(reader, plan.grid, plan.block, found.where);
  plan.tool_version = reader.text("tool_version");
  plan.method = reader.text("method");
  plan.options = reader.text("options");
  plan.profile = reader.digest("profile");
  plan.schedule.sampler = reader.text("schedule_sampler");
  plan.schedule.steps = static_cast<std::uint32_t>(reader.integer("schedule_steps", 1, UINT32_MAX));
  plan.schedule.shift = reader.number("schedule_shift", 0, 1e9);
  plan.row_floor = reader.number("row_floor", 0, 1);
  plan.keep_diagonal = reader.integer("keep_diagonal", 0, 1) == 1;
  plan.global_density = reader.number("global_density", 0, 1);
  reader.finish();
}

void write_phases(h5::File& file, const std::vector<PlanPhase>& phases) {
  std::vector<double> sigma;
  std::vector<std::uint32_t> steps, sources;
  for (const PlanPhase& phase : phases) {
    sigma.insert(sigma.end(), {phase.sigma_high, phase.sigma_low});
    steps.push_back(phase.steps);
    sources.push_back(phase.profile_phase);
  }
  h5::put(file, "phase_sigma", sigma, 2);
  h5::put(file, "phase_steps", steps);
  h5::put(file, "phase_profile_phase", sources);
}

void write_rows(h5::File& file, const std::vector<PlanRow>& rows) {
  const auto column = [&]<typename T>(const char* name, auto member, T) {
    std::vector<T> values;
    for (const PlanRow& row : rows) values.push_back(static_cast<T>(row.*member));
    h5::put(file, name, values);
  };
  for_each_key([&](const char* name, auto member) { column(name, member, std::uint32_t{}); });
  for_each_choice([&](const char* name, auto member) { column(name, member, std::uint8_t{}); });
  for_each_number([&](const char* name, auto member) { column(name, member, double{}); });
}

void write_file(const std::filesystem::path& path, const std::string& name, const Plan& plan) {
  h5::File file = h5::File::create(path, name);
  for (const h5::Attribute& attribute : attributes_of(plan)) file.set(attribute);
  write_phases(file, plan.phases);
  write_rows(file, plan.rows);
  file.close();
}

/// A column of `count` values.
template <typename T>
std::vector<T> read_column(const h5::File& file, const h5::Inventory& found, const char* name, std::uint64_t count) {
  const h5::DatasetSpec& spec = h5::find_dataset(found, name, h5::kTypeOf<T>);
  require(spec.dims[0] == count, ErrorCode::kMalformed, found.where, ": dataset '", name, "' has ", spec.dims[0],
          " rows; it must have ", count);
  return h5::get<T>(file, spec, h5::whole(spec));
}

std::vector<PlanPhase> read_phases(const h5::File& file, const h5::Inventory& found) {
  const h5::DatasetSpec& spec = h5::find_dataset(found, "phase_sigma", h5::Type::kF64, 2);
  const auto sigma = h5::get<double>(file, spec, h5::whole(spec));
  const std::size_t count = sigma.size() / 2;
  const auto steps = read_column<std::uint32_t>(file, found, "phase_steps", count);
  const auto sources = read_column<std::uint32_t>(file, found, "phase_profile_phase", count);
  std::vector<PlanPhase> phases;
  for (std::size_t i = 0; i < count; ++i) phases.push_back({sigma[2 * i], sigma[2 * i + 1], steps[i], sources[i]});
  return phases;
}

std::vector<PlanRow> read_rows(const h5::File& file, const h5::Inventory& found, std::uint64_t count) {
  std::vector<PlanRow> rows(count);
  const auto column = [&]<typename T>(const char* name, auto member, T) {
    const std::vector<T> values = read_column<T>(file, found, name, count);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].*member = static_cast<std::remove_reference_t<decltype(rows[i].*member)>>(values[i]);
    }
  };
  for_each_key([&](const char* name, auto member) { column(name, member, std::uint32_t{}); });
  for_each_choice([&](const char* name, auto member) { column(name, member, std::uint8_t{}); });
  for_each_number([&](const char* name, auto member) { column(name, member, double{}); });
  return rows;
}

void check_no_surplus(const h5::Inventory& found) {
  std::vector<std::string> known = {"phase_sigma", "phase_steps", "phase_profile_phase"};
  const auto add = [&](const char* name, auto) { known.push_back(name); };
  for_each_key(add);
  for_each_choice(add);
  for_each_number(add);
  for (const h5::DatasetSpec& dataset : found.datasets) {
    require(std::find(known.begin(), known.end(), dataset.name) != known.end(), ErrorCode::kMalformed, found.where,
            ": unknown dataset '", dataset.name, "'");
  }
}

Plan parse(const std::filesystem::path& path) {
  const h5::Session session;
  const h5::File file = h5::File::open(path);
  const h5::Inventory found = h5::walk(file);
  Plan plan;
  read_attributes(found, plan);
  check_no_surplus(found);
  plan.phases = read_phases(file, found);
  plan.rows = read_rows(file, found, expected_rows(plan.model, plan.phases.size(), ErrorCode::kMalformed, found.where));
  check_plan(plan, ErrorCode::kMalformed, found.where);
  return plan;
}

}  // namespace

Plan read_plan(const std::filesystem::path& path) {
  h5::walk_in_child(path, [&] { static_cast<void>(parse(path)); });
  return parse(path);
}

void write_plan(const std::filesystem::path& path, const Plan& plan, bool overwrite) {
  check_plan(plan, ErrorCode::kSelfCheck, path.string());
  PendingFile pending(path, overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
  write_file(pending.temporary_path(), path.string(), plan);
  require(parse(pending.temporary_path()) == plan, ErrorCode::kSelfCheck, path.string(),
          ": the plan reads back differently");
  h5::remember_own(pending.temporary_path());
  pending.publish();
}

}  // namespace wean
