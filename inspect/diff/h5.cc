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
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all = {
      {"rule", [](const PlanRow& row) { return static_cast<double>(row.rule); }},
      {"score", [](const PlanRow& row) { return static_cast<double>(row.score); }},
      {"scope", [](const PlanRow& row) { return static_cast<double>(row.scope); }},
      {"keep", [](const PlanRow& row) { return row.keep; }},
      {"fidelity_target", [](const PlanRow& row) { return row.fidelity_target; }},
      {"predicted_fidelity", [](const PlanRow& row) { return row.predicted_fidelity; }},
      {"predicted_error", [](const PlanRow& row) { return row.predicted_error; }}};
  return all;
}

ValueDifference compare_column(const Column& column, const Plan& a, const Plan& b) {
  ValueDifference difference{column.name, 0, 0, ""};
  std::vector<double> left, right;
  for (const PlanRow& row : a.rows) left.push_back(column.value(row));
  for (const PlanRow& row : b.rows) right.push_back(column.value(row));
  compare_values(
      left, right, [&](std::size_t i) { return name_of(a.rows[i]); }, difference);
  return difference;
}

struct Statistic {
  const char* name;
  std::function<std::vector<float>(const ProfileReader&, const SlabKey&)> read;
};

const std::vector<Statistic>& statistics() {
  using Reader = const ProfileReader&;
  using Key = const SlabKey&;
  static const std::vector<Statistic> all = {
      {"mass", [](Reader profile, Key key) { return profile.mass(key); }},
      {"mass_square", [](Reader profile, Key key) { return profile.mass_square(key); }},
      {"threshold_row", [](Reader profile, Key key) { return profile.threshold(key, TopkScope::kRow); }},
      {"threshold_map", [](Reader profile, Key key) { return profile.threshold(key, TopkScope::kMap); }},
      {"removal_error", [](Reader profile, Key key) { return profile.removal_error(key, 1); }},
      {"removal_error_wide", [](Reader profile, Key key) { return profile.removal_error(key, 2); }},
      {"rows", [](Reader profile, Key key) { return profile.rows(key).mass; }}};
  return all;
}

std::string name_of(const SlabKey& key, std::size_t index) {
  return "phase " + std::to_string(key.phase) + ", " + to_string(key.branch) + ", expert " +
         std::to_string(key.expert) + ", layer " + std::to_string(key.layer) + ", value " + std::to_string(index);
}

ValueDifference compare_statistic(const Statistic& statistic, const ProfileReader& a, const ProfileReader& b) {
  ValueDifference difference{statistic.name, 0, 0, ""};
  for (const SlabKey& key : all_keys(a.meta())) {
    throw_if_stopped("nothing was changed; run it again");
    const std::vector<float> left = statistic.read(a, key), right = statistic.read(b, key);
    compare_values(
        std::vector<double>(left.begin(), left.end()), std::vector<double>(right.begin(), right.end()),
        [&](std::size_t i) { return name_of(key, i); }, difference);
  }
  return difference;
}

bool same_shape(const ProfileMeta& a, const ProfileMeta& b) {
  return a.geometry() == b.geometry() && a.phases.size() == b.phases.size() && a.branches == b.branches &&
         a.model.experts == b.model.experts && a.model.layers == b.model.layers && a.model.heads == b.model.heads &&
         a.sampled_rows == b.sampled_rows && a.sigmas.size() == b.sigmas.size();
}

}  // namespace

void diff_plans(Difference& difference) {
  const Plan a = read_plan(difference.a);
  const Plan b = read_plan(difference.b);
  difference.fields = diff_fields(fields_of(a), fields_of(b));
  if (a.rows.size() != b.rows.size() || a.phases.size() != b.phases.size()) {
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
