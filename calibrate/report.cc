#include "calibrate/report.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <limits>

#include "calibrate/calibrate.h"
#include "calibrate/fidelity.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/parallel.h"
#include "common/cli/json.h"
#include "common/cli/progress.h"
#include "common/cli/table.h"

namespace wean::calibrate {
namespace {

using cli::Json;

std::string fixed(double value) { return fmt::format("{:.4f}", value); }
std::string brief(double value) { return fmt::format("{:.4g}", value); }

Json json_of(const CurvePoint& point) {
  Json json = Json::object();
  json.set("density", point.keep).set("fidelity", point.fidelity);
  json.set("kept_mass", point.kept_mass).set("removal_error", point.error);
  return json;
}

Json json_of(const Slice& slice, const Summary& summary) {
  Json json = json_of(slice.mean);
  if (slice.layer) json.set("layer", *slice.layer);
  if (slice.phase) {
    const auto& phase = summary.phases[*slice.phase];
    json.set("phase", *slice.phase).set("steps", phase.steps);
    json.set("sigma_high", phase.sigma_high).set("sigma_low", phase.sigma_low);
  }
  return json;
}

Json json_of(const std::vector<Slice>& slices, const Summary& summary) {
  Json json = Json::array();
  for (const auto& slice : slices) json.push(json_of(slice, summary));
  return json;
}

Json json_of(const Summary& summary) {
  Json json = Json::object();
  json.set("method", summary.method).set("asked", summary.asked);
  json.set("global_density", summary.mean.keep).set("mean", json_of(summary.mean));
  Json schedule = Json::object();
  schedule.set("sampler", summary.schedule.sampler).set("steps", summary.schedule.steps);
  schedule.set("shift", summary.schedule.shift);
  json.set("schedule", schedule);
  Json facts = Json::object();
  for (const auto& [name, value] : summary.facts) facts.set(name, value);
  json.set("facts", facts).set("row_floor", summary.row_floor).set("keep_diagonal", summary.keep_diagonal);
  json.set("sites", summary.sites).set("dense_sites", summary.dense_sites);
  json.set("least_margin", summary.least_margin.value_or(std::numeric_limits<double>::quiet_NaN()));
  json.set("phases", json_of(summary.by_phase, summary)).set("layers", json_of(summary.by_layer, summary));
  return json;
}

std::vector<std::string> cells_of(const CurvePoint& point) {
  return {fixed(point.keep), fixed(point.fidelity), fixed(point.kept_mass), brief(point.error)};
}

std::vector<std::string> joined(std::vector<std::string> row, const std::vector<std::string>& tail) {
  row.insert(row.end(), tail.begin(), tail.end());
  return row;
}

std::string slice_tables(const Summary& summary) {
  const std::vector<std::string> values{"density", "fidelity F", "kept mass m", "removal error"};
  std::vector<std::vector<std::string>> phases, layers;
  for (const auto& slice : summary.by_phase) {
    const auto& phase = summary.phases[*slice.phase];
    phases.push_back(
        joined({fmt::format("phase {}", *slice.phase),
                fmt::format("{:.3f} to {:.3f}", phase.sigma_high, phase.sigma_low), fmt::format("{}", phase.steps)},
               cells_of(slice.mean)));
  }
  for (const auto& slice : summary.by_layer)
    layers.push_back(joined({fmt::format("layer {}", *slice.layer)}, cells_of(slice.mean)));
  return cli::render_table(joined({"phase", "sigma", "steps"}, values), phases) + "\n" +
         cli::render_table(joined({"layer"}, values), layers);
}

std::string facts_text(const Summary& summary) {
  std::string text;
  for (const auto& [name, value] : summary.facts)
    if (!name.starts_with("asked")) text += fmt::format("{}{} = {:.5g}", text.empty() ? "" : ", ", name, value);
  return text.empty() ? "none" : text;
}

std::string plan_text(const Options& options, const Summary& summary) {
  const auto& mean = summary.mean;
  std::string text = fmt::format("method        {} ({})\n", summary.method, facts_text(summary));
  text += fmt::format("schedule      {}, {} steps, shift {}\n", summary.schedule.sampler, summary.schedule.steps,
                      summary.schedule.shift);
  text +=
      fmt::format("density       g = {:.4f}, {} of {} sites dense\n", mean.keep, summary.dense_sites, summary.sites);
  text += fmt::format("fidelity      F = {:.4f}, kept mass m = {:.4f}\n", mean.fidelity, mean.kept_mass);
  if (options.target.fidelity)
    text += fmt::format("asked         F = {} (a row with that F keeps m = {:.4f})\n", *options.target.fidelity,
                        kept_of_fidelity(*options.target.fidelity));
  if (summary.least_margin)
    text += fmt::format("targets       met by every site, the nearest by {:.4f} in F\n", *summary.least_margin);
  text += fmt::format("removal error {:.4g} (single blocks added up: compares plans of one profile)\n\n", mean.error) +
          slice_tables(summary);
  return text + fmt::format("\nwrote {}\n", options.output.string());
}

std::string sweep_text(const SweepResult& result, bool surface) {
  std::vector<std::string> header{"method", "asked", "g", "fidelity F", "kept mass m", "removal error"};
  if (surface) header = joined({"w'", "gamma", "beta"}, header);
  std::vector<std::vector<std::string>> rows;
  for (const auto& summary : result.summaries) {
    auto row = joined({summary.method, brief(summary.asked)}, cells_of(summary.mean));
    if (surface)
      row = joined(
          {brief(summary.facts.at("west_w")), brief(summary.facts.at("gamma")), fixed(summary.facts.at("beta"))}, row);
    rows.push_back(std::move(row));
  }
  std::string text = cli::render_table(header, rows);
  for (const auto& line : result.skipped) text += "skipped: " + line + "\n";
  return text;
}

std::string sweep_json(const SweepResult& result) {
  Json points = Json::array(), skipped = Json::array();
  for (const auto& summary : result.summaries) points.push(json_of(summary));
  for (const auto& line : result.skipped) skipped.push(line);
  return Json::object().set("points", points).set("skipped", skipped).dump();
}

std::string estimate_text(const Options& options, const Estimate& estimate) {
  if (options.common.json) {
    Json json = Json::object();
    json.set("seconds", estimate.seconds).set("memory_bytes", estimate.memory_bytes);
    return json.set("plan_bytes", estimate.plan_bytes).dump();
  }
  return fmt::format("time   about {} a ranking of all sites\nmemory about {}\nplan   about {}\nnothing was written\n",
                     cli::format_seconds(estimate.seconds), cli::format_bytes(estimate.memory_bytes),
                     cli::format_bytes(estimate.plan_bytes));
}

std::string run_plan(const Options& options, const Context& context) {
  const WriterLock lock(options.output);
  const auto result = make_plan(context, options.method, options.target);
  write_plan(options.output, result.plan, options.common.force);
  if (!options.common.json) return plan_text(options, result.summary);
  return json_of(result.summary).set("plan", options.output.string()).dump();
}

std::string run_sweep(const Options& options, const Context& context) {
  const bool surface = !options.surface.empty();
  const bool row_scope = options.method == "west-fast-row" || options.scope == "row";
  const auto result = surface ? surface_grid(context, row_scope ? TopkScope::kRow : TopkScope::kMap,
                                             options.target.density.value_or(1.0))
                              : sweep(context, options.method, parse_sweep(options.sweep).densities());
  if (!options.csv.empty())
    publish_text(options.csv, sweep_csv(result), options.common.force ? Overwrite::kReplace : Overwrite::kRefuse);
  return options.common.json ? sweep_json(result) : sweep_text(result, surface);
}

}  // namespace

std::string run(const Options& options) {
  validate(options);
  for (const auto& path : {options.output, options.csv})
    if (!path.empty()) check_output(path, options.common.force ? Overwrite::kReplace : Overwrite::kRefuse);
  const auto source = open_profile(options.profile);
  auto steps = profile_schedule(source->meta());
  if (!options.schedule.empty()) steps = flow_schedule(parse_schedule(options.schedule, steps.schedule));
  const int threads = team_size(options.threads);
  cli::Progress progress("calibrate", 1, options.common.quiet);
  const Context context{*source, std::move(steps), method_options(options), threads, progress.callback()};
  if (options.common.dry_run) return estimate_text(options, estimate(context));
  return options.sweep.empty() && options.surface.empty() ? run_plan(options, context) : run_sweep(options, context);
}

}  // namespace wean::calibrate
