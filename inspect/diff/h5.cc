#include <algorithm>
#include <functional>

#include "common/base/stop.h"
#include "inspect/diff/diff.h"
#include "inspect/diff/values.h"

namespace wean::inspect {
namespace {

std::string name_of(const PlanRow& row) {
  return "phase " + std::to_string(row.phase) + ", " + to_string(row.branch) + ", expert " +
         std::to_string(row.expert) + ", layer " + std::to_string(row.layer) + ", head " + std::to_string(row.head);
}

struct Column {
  const char* name;
  std::function<double(const PlanRow&)> value;
  bool names = false;  ///< the values are codes: how far they are apart means nothing
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"rule", [](const PlanRow& row) { return static_cast<double>(row.rule); }, true},
      {"score", [](const PlanRow& row) { return static_cast<double>(row.score); }, true},
      {"scope", [](const PlanRow& row) { return static_cast<double>(row.scope); }, true},
      {"keep", [](const PlanRow& row) { return row.keep; }},
      {"fidelity_target", [](const PlanRow& row) { return row.fidelity_target; }},
      {"predicted_fidelity", [](const PlanRow& row) { return row.predicted_fidelity; }},
      {"predicted_error", [](const PlanRow& row) { return row.predicted_error; }}};
  return all;
}

ValueDifference compare_column(const Column& column, const Plan& a, const Plan& b) {
  std::vector<double> left, right;
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    left.push_back(column.value(a.rows[i]));
    right.push_back(column.value(b.rows[i]));
    if (column.names && right[i] != left[i]) right[i] = left[i] + 1;  // all equally far: the first one is reported
  }
  ValueDifference difference{column.name, 0, {}, ""};
  compare_values(
      left, right, [&](std::size_t i) { return name_of(a.rows[i]); }, difference);
  if (column.names) difference.largest.reset();
  return difference;
}

struct Statistic {
  const char* name;
  std::function<std::vector<double>(const ProfileReader&, const SlabKey&)> read;
  std::uint32_t width = 0;  ///< of maps [heads, rows, cols]: base blocks a column spans; 0: the sample of rows
};

template <typename T>
std::vector<double> widened(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

const std::vector<Statistic>& statistics() {
  using Reader = const ProfileReader&;
  using Key = const SlabKey&;
  static const std::vector<Statistic> all = {
      {"mass", [](Reader profile, Key key) { return widened(profile.mass(key)); }, 1},
      {"mass_square", [](Reader profile, Key key) { return widened(profile.mass_square(key)); }, 1},
      {"threshold_row", [](Reader profile, Key key) { return widened(profile.threshold(key, TopkScope::kRow)); }, 1},
      {"threshold_map", [](Reader profile, Key key) { return widened(profile.threshold(key, TopkScope::kMap)); }, 1},
      {"removal_error", [](Reader profile, Key key) { return widened(profile.removal_error(key, 1)); }, 1},
      {"removal_error_wide", [](Reader profile, Key key) { return widened(profile.removal_error(key, 2)); }, 2},
      {"rows_token", [](Reader profile, Key key) { return widened(profile.rows(key).token); }},
      {"rows_mass", [](Reader profile, Key key) { return widened(profile.rows(key).mass); }}};
  return all;
}

/// Where value `index` of a slab's array stands.
std::string place_of(const BlockGeometry& geometry, std::uint32_t width, std::size_t index) {
  if (width == 0) return ", value " + std::to_string(index);
  const auto cols = static_cast<std::size_t>(ceil_div(geometry.cols(), std::int64_t{width}));
  const auto rows = static_cast<std::size_t>(geometry.rows());
  return ", head " + std::to_string(index / cols / rows) + ", row " + std::to_string(index / cols % rows) +
         ", column " + std::to_string(index % cols);
}

std::string name_of(const SlabKey& key) {
  return "phase " + std::to_string(key.phase) + ", " + to_string(key.branch) + ", expert " +
         std::to_string(key.expert) + ", layer " + std::to_string(key.layer);
}

ValueDifference compare_statistic(const Statistic& statistic, const ProfileReader& a, const ProfileReader& b) {
  const BlockGeometry geometry = a.meta().geometry();
  ValueDifference difference{statistic.name, 0, {}, ""};
  for (const SlabKey& key : all_keys(a.meta())) {
    throw_if_stopped("nothing was changed; run it again");
    const auto where = [&](std::size_t i) { return name_of(key) + place_of(geometry, statistic.width, i); };
    compare_values(statistic.read(a, key), statistic.read(b, key), where, difference);
  }
  return difference;
}

bool same_sites(const ModelIdentity& a, const ModelIdentity& b) {
  return a.experts == b.experts && a.layers == b.layers && a.heads == b.heads;
}

/// Slabs of equal keys hold equally many values; sampled rows come with the steps of their phase.
bool same_shape(const ProfileMeta& a, const ProfileMeta& b) {
  const auto same_steps = [](const Phase& left, const Phase& right) { return left.steps == right.steps; };
  return a.geometry() == b.geometry() && a.branches == b.branches && same_sites(a.model, b.model) &&
         a.sampled_rows == b.sampled_rows &&
         std::equal(a.phases.begin(), a.phases.end(), b.phases.begin(), b.phases.end(), same_steps);
}

}  // namespace

void diff_plans(Difference& difference) {
  const Plan a = read_plan(difference.a);
  const Plan b = read_plan(difference.b);
  difference.fields = diff_fields(fields_of(a), fields_of(b));
  if (!same_sites(a.model, b.model) || a.phases.size() != b.phases.size()) {
    difference.note = "rows are not compared: the plans have other phases or sites";
    return;
  }
  for (const Column& column : columns()) {
    const ValueDifference found = compare_column(column, a, b);
    if (found.count > 0) difference.values.push_back(found);
  }
}

void diff_profiles(Difference& difference) {
  const ProfileReader a(difference.a), b(difference.b);
  difference.fields = diff_fields(fields_of(a.meta()), fields_of(b.meta()));
  if (a.content_digest() == b.content_digest()) return;
  if (!same_shape(a.meta(), b.meta())) {
    difference.note = "statistics are not compared: blocks, phases or sites differ";
    return;
  }
  for (const Statistic& statistic : statistics()) {
    const ValueDifference found = compare_statistic(statistic, a, b);
    if (found.count > 0) difference.values.push_back(found);
  }
}

}  // namespace wean::inspect
