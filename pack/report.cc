#include "pack/report.h"

#include <fmt/format.h>

#include "common/cli/json.h"
#include "common/cli/table.h"
#include "common/cli/units.h"

namespace wean::pack {
namespace {

using cli::Json;

std::string share(double value) { return fmt::format("{:.4f}", value); }

std::string blocks_text(const BlockGeometry& geometry) {
  return fmt::format("{}x{}", geometry.q_block, geometry.k_block);
}

std::string schedule_text(const Schedule& schedule) {
  return fmt::format("{}, {} steps, shift {}", schedule.sampler, schedule.steps, schedule.shift);
}

std::string phase_table(const PackReport& report) {
  const std::uint64_t sites = report.sites / report.phases.size();
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < report.phases.size(); ++i) {
    const PhaseReport& phase = report.phases[i];
    rows.push_back({fmt::format("{}", i),
                    fmt::format("({:.3f}, {:.3f}]", phase.phase.sigma_low, phase.phase.sigma_high),
                    fmt::format("{}", phase.phase.steps), share(phase.planned), share(phase.realised),
                    share(phase.recall), fmt::format("{}/{}", phase.dense, sites)});
  }
  return cli::render_table({"phase", "sigma", "steps", "planned", "realised", "recall", "dense sites"}, rows);
}

Json phase_json(const PhaseReport& phase) {
  Json json = Json::object();
  json.set("sigma_high", phase.phase.sigma_high).set("sigma_low", phase.phase.sigma_low);
  json.set("steps", phase.phase.steps).set("planned", phase.planned).set("realised", phase.realised);
  return json.set("recall", phase.recall).set("dense_sites", phase.dense);
}

Json target_json(const Target& target) {
  Json json = Json::object();
  json.set("grid", to_string(target.grid)).set("tokens", target.grid.tokens());
  json.set("block", blocks_text(target.geometry)).set("rows", target.geometry.rows());
  return json.set("cols", target.geometry.cols());
}

Json schedule_json(const Schedule& schedule) {
  Json json = Json::object();
  return json.set("sampler", schedule.sampler).set("steps", schedule.steps).set("shift", schedule.shift);
}

}  // namespace

std::string render_text(const PackReport& report) {
  const auto& target = report.target;
  std::string text = phase_table(report);
  text += fmt::format("\ng realised {} of planned {} ({}; plan '{}')\n", share(report.realised), share(report.planned),
                      schedule_text(report.schedule), report.method);
  text += fmt::format("recall     {} of the profile's mean mass, carried to the target\n", share(report.recall));
  text +=
      fmt::format("target     grid {}, {} tokens, blocks {}, {} rows x {} columns\n", to_string(target.grid),
                  target.grid.tokens(), blocks_text(target.geometry), target.geometry.rows(), target.geometry.cols());
  text += fmt::format("profile    grid {}, blocks {}, transfer of {}\n", to_string(report.profile_grid),
                      report.profile_block, report.request.transfer == Transfer::kScores ? "scores" : "bits (paper)");
  text += fmt::format("sites      {}: {} dense, {} bit maps stored, {} shared\n", report.sites, report.dense,
                      report.stored, report.sites - report.dense - report.stored);
  text += fmt::format("{}  {} ({} bytes), {}, {} of memory\n", report.request.dry_run ? "would take" : "file     ",
                      cli::format_bytes(static_cast<double>(report.bytes)), report.bytes,
                      cli::format_seconds(report.seconds), cli::format_bytes(static_cast<double>(report.peak_bytes)));
  return text;
}

std::string render_json(const PackReport& report) {
  Json phases = Json::array();
  for (const PhaseReport& phase : report.phases) phases.push(phase_json(phase));
  Json json = Json::object();
  json.set("output", report.request.output.string()).set("dry_run", report.request.dry_run);
  json.set("method", report.method).set("transfer", to_string(report.request.transfer));
  json.set("schedule", schedule_json(report.schedule)).set("target", target_json(report.target));
  json.set("global_density_planned", report.planned).set("global_density", report.realised);
  json.set("recall", report.recall).set("sites", report.sites).set("dense_sites", report.dense);
  json.set("stored_maps", report.stored).set("shared_sites", report.sites - report.dense - report.stored);
  json.set("bytes", report.bytes).set("peak_memory_bytes", report.peak_bytes).set("seconds", report.seconds);
  return json.set("phases", phases).dump();
}

}  // namespace wean::pack
