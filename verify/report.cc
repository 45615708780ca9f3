#include "verify/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <sstream>

#include "common/base/file.h"
#include "common/cli/progress.h"
#include "common/cli/table.h"
#include "common/cli/units.h"
#include "verify/aggregate.h"
#include "verify/options.h"

namespace wean::verify {
namespace {

std::string fixed(double value, int digits) { return std::isnan(value) ? "" : fmt::format("{:.{}f}", value, digits); }

std::string with_error(const Estimate& e, int digits) {
  return std::isnan(e.error) ? fixed(e.mean, digits) : fixed(e.mean, digits) + " ± " + fixed(e.error, digits);
}

/// One mask's figures, in the order of the table and of the JSON.
struct NamedFigure {
  const char* key;
  const char* title;
  int digits;
  std::function<double(const SparseClip&)> of;
};

const std::vector<NamedFigure>& figures() {
  static const std::vector<NamedFigure> all{
      {"global_density", "g", 3, [](const SparseClip& c) { return c.global_density; }},
      {"psnr", "PSNR dB", 2, [](const SparseClip& c) { return c.closeness.psnr; }},
      {"ssim", "SSIM", 4, [](const SparseClip& c) { return c.closeness.ssim; }},
      {"flicker", "flicker", 4, [](const SparseClip& c) { return c.closeness.flicker; }},
      {"latent_l2", "latent L2", 4, [](const SparseClip& c) { return c.closeness.latent_l2; }},
      {"recall", "recall", 4, [](const SparseClip& c) { return c.recall.kept; }},
      {"oracle", "oracle", 4, [](const SparseClip& c) { return c.recall.oracle; }},
      {"attention_seconds", "attn s", 2, [](const SparseClip& c) { return c.seconds.attention; }},
      {"rest_seconds", "rest s", 2, [](const SparseClip& c) { return c.seconds.rest; }},
  };
  return all;
}

Estimate figure_of_mask(const VerifyReport& r, std::size_t mask, const NamedFigure& figure) {
  return aggregate(r.clips, [&](const ClipReport& clip) { return figure.of(clip.sparse[mask]); });
}

/// The file's name, with its number where several files are called so.
std::string mask_name(const VerifyReport& r, std::size_t mask) {
  const std::string name = r.masks[mask].path.filename().string();
  const auto alike = std::count_if(r.masks.begin(), r.masks.end(),
                                   [&](const MaskFacts& m) { return m.path.filename().string() == name; });
  return alike > 1 ? fmt::format("{} ({})", name, mask) : name;
}

std::vector<std::string> mask_row(const VerifyReport& r, std::size_t mask) {
  std::vector<std::string> row{mask_name(r, mask)};
  for (const NamedFigure& figure : figures()) {
    const Estimate e = figure_of_mask(r, mask, figure);
    row.push_back(std::string(figure.key) == "psnr" ? with_error(e, figure.digits) : fixed(e.mean, figure.digits));
  }
  row.push_back(cli::format_bytes(static_cast<double>(r.masks[mask].bytes)));
  return row;
}

/// A row of the same table for something that is no mask: the ceiling, a floor.
std::vector<std::string> yardstick_row(const VerifyReport& r, const std::string& name,
                                       std::optional<Closeness> ClipReport::*what) {
  const auto mean = [&](double Closeness::*field) {
    return aggregate(r.clips, [&](const ClipReport& clip) { return (*(clip.*what)).*field; });
  };
  return {name,
          "1.000",
          with_error(mean(&Closeness::psnr), 2),
          fixed(mean(&Closeness::ssim).mean, 4),
          fixed(mean(&Closeness::flicker).mean, 4),
          fixed(mean(&Closeness::latent_l2).mean, 4),
          "",
          "",
          "",
          "",
          ""};
}

std::vector<std::string> dense_row(const VerifyReport& r) {
  const double attention = aggregate(r.clips, [](const ClipReport& c) { return c.dense.attention; }).mean;
  const double rest = aggregate(r.clips, [](const ClipReport& c) { return c.dense.rest; }).mean;
  return {"dense", "1.000", "", "", "", "", "", "", fixed(attention, 2), fixed(rest, 2), ""};
}

cli::Json json_of(const Closeness& c) {
  return cli::Json::object()
      .set("psnr", c.psnr)
      .set("ssim", c.ssim)
      .set("flicker", c.flicker)
      .set("latent_l2", c.latent_l2);
}

cli::Json json_of(const Seconds& s) { return cli::Json::object().set("attention", s.attention).set("rest", s.rest); }

cli::Json json_of(const SparseClip& c) {
  cli::Json out = json_of(c.closeness);
  out.set("global_density", c.global_density).set("seconds", json_of(c.seconds));
  return out.set(
      "recall",
      cli::Json::object().set("kept", c.recall.kept).set("oracle", c.recall.oracle).set("chance", c.recall.chance));
}

cli::Json json_of(const ClipReport& c) {
  cli::Json out = cli::Json::object();
  out.set("prompt", c.prompt).set("noise", c.noise).set("dense_seconds", json_of(c.dense));
  if (c.ceiling) out.set("ceiling", json_of(*c.ceiling));
  if (c.blurred) out.set("blurred", json_of(*c.blurred));
  if (c.still) out.set("held_still", json_of(*c.still));
  if (c.other_seed) out.set("other_seed", json_of(*c.other_seed));
  cli::Json sparse = cli::Json::array();
  for (const SparseClip& s : c.sparse) sparse.push(json_of(s));
  return out.set("sparse", std::move(sparse));
}

cli::Json json_of(const Estimate& e) { return cli::Json::object().set("mean", e.mean).set("standard_error", e.error); }

cli::Json mask_json(const VerifyReport& r, std::size_t mask) {
  cli::Json out = cli::Json::object();
  out.set("path", r.masks[mask].path.string())
      .set("bytes", r.masks[mask].bytes)
      .set("planned_density", r.masks[mask].planned_density);
  for (const NamedFigure& figure : figures()) out.set(figure.key, json_of(figure_of_mask(r, mask, figure)));
  const Estimate chance = aggregate(r.clips, [&](const ClipReport& c) { return c.sparse[mask].recall.chance; });
  out.set("chance", json_of(chance));
  if (mask > 0) out.set("psnr_minus_first", json_of(paired_psnr(r.clips, mask, 0)));
  return out;
}

cli::Json json_of(const VerifyEstimate& e) {
  cli::Json out = cli::Json::object();
  out.set("model", e.model.string()).set("clips", e.clips).set("seconds", e.seconds);
  return out.set("memory_bytes", e.memory_bytes).set("disk_bytes", e.disk_bytes);
}

std::string render_text(const VerifyEstimate& e) {
  return fmt::format(
      "model    {}\ntime     about {} of sampling, for {} clips\nmemory   {} beside model and sampling\ndisk     at "
      "most "
      "{}\n",
      e.model.string(), cli::format_seconds(e.seconds), e.clips, cli::format_bytes(static_cast<double>(e.memory_bytes)),
      cli::format_bytes(static_cast<double>(e.disk_bytes)));
}

}  // namespace

std::string render_text(const VerifyReport& r) {
  std::vector<std::string> header{"masks"};
  for (const NamedFigure& figure : figures()) header.emplace_back(figure.title);
  header.emplace_back("file");
  std::vector<std::vector<std::string>> rows{dense_row(r)};
  for (std::size_t mask = 0; mask < r.masks.size(); ++mask) rows.push_back(mask_row(r, mask));
  if (r.clips.front().ceiling) rows.push_back(yardstick_row(r, "ceiling: dense, other rounding", &ClipReport::ceiling));
  if (r.clips.front().blurred) rows.push_back(yardstick_row(r, "floor: blurred", &ClipReport::blurred));
  if (r.clips.front().still) rows.push_back(yardstick_row(r, "floor: held still", &ClipReport::still));
  if (r.clips.front().other_seed) rows.push_back(yardstick_row(r, "floor: another seed", &ClipReport::other_seed));
  std::string text = fmt::format("{} clips of {}x{}, {} frames; {} steps ({}), shift {}, guidance {}\n", r.clips.size(),
                                 r.size.width, r.size.height, r.size.frames, r.steps, r.sampler, r.shift, r.guidance);
  text += cli::render_table(header, rows);
  for (std::size_t mask = 1; mask < r.masks.size(); ++mask) {
    const Estimate difference = paired_psnr(r.clips, mask, 0);
    if (std::isnan(difference.mean)) continue;
    text += fmt::format("{} minus {}: {} dB, paired\n", mask_name(r, mask), mask_name(r, 0), with_error(difference, 2));
  }
  return text;
}

cli::Json to_json(const VerifyReport& r) {
  cli::Json out = cli::Json::object();
  out.set("width", r.size.width).set("height", r.size.height).set("frames", r.size.frames);
  out.set("model", r.model.string())
      .set("sampler", r.sampler)
      .set("steps", r.steps)
      .set("shift", r.shift)
      .set("guidance", r.guidance)
      .set("seconds", r.seconds);
  cli::Json manifest = cli::Json::array();
  std::istringstream lines(r.manifest);
  for (std::string line; std::getline(lines, line);) manifest.push(line);
  out.set("manifest", std::move(manifest));
  cli::Json masks = cli::Json::array();
  for (std::size_t mask = 0; mask < r.masks.size(); ++mask) masks.push(mask_json(r, mask));
  cli::Json clips = cli::Json::array();
  for (const ClipReport& clip : r.clips) clips.push(json_of(clip));
  return out.set("masks", std::move(masks)).set("clips", std::move(clips));
}

std::string execute(CommandLine& line) {
  VerifyOptions& options = line.verify;
  options.force = line.common.force;
  if (line.common.dry_run) {
    const VerifyEstimate e = estimate(options);
    return line.common.json ? json_of(e).dump() : render_text(e);
  }
  cli::Progress progress("verify", 1, line.common.quiet);
  const VerifyReport report = run(options, progress.callback());
  progress.finish();
  const std::string json = to_json(report).dump();
  publish_text(options.output / "report.json", json, options.force ? Overwrite::kReplace : Overwrite::kRefuse);
  forget_finished_clips(options);
  return line.common.json ? json : render_text(report);
}

}  // namespace wean::verify
