#include "verify/verify.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "common/base/error.h"
#include "verify/latents_file.h"
#include "verify/picture.h"
#include "verify/prompt_run.h"
#include "verify/workbench.h"

namespace wean::verify {
namespace {

/// Counts model passes and reports them with the clip that is being worked on.
class PassCounter {
 public:
  PassCounter(const VerifyOptions& options, std::size_t clips, const ProgressCallback& progress)
      : progress_(progress), clips_(clips), total_(clips * runs_of_clip(options) * passes_of_run(options)) {}
  [[nodiscard]] PassCallback for_clip(std::size_t clip) {
    return [this, clip] {
      if (progress_) progress_({++done_, total_, fmt::format("clip {}/{}", clip + 1, clips_)});
    };
  }

 private:
  const ProgressCallback& progress_;
  std::size_t clips_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

void write_pictures(const VerifyOptions& options, const ClipSet& set, std::size_t number) {
  if (!set.dense.clip.defined()) return;
  std::vector<at::Tensor> sparse;
  for (const Sampled& sampled : set.sparse) sparse.push_back(sampled.clip);
  for (const std::int64_t frame : spread_frames(set.dense.clip.size(0), options.frames)) {
    write_png(options.output / "frames" / fmt::format("clip{:03}-frame{:03}.png", number, frame),
              side_by_side(set.dense.clip, sparse, frame));
  }
  if (!options.clips) return;
  write_y4m(options.output / "clips" / fmt::format("clip{:03}-dense.y4m", number), set.dense.clip);
  for (std::size_t i = 0; i < sparse.size(); ++i) {
    write_y4m(options.output / "clips" / fmt::format("clip{:03}-{}.y4m", number, options.masks[i].stem().string()),
              sparse[i]);
  }
}

void keep_latents(const ClipSet& set, std::size_t number, std::map<std::string, at::Tensor>& latents) {
  latents[fmt::format("initial.{}", number)] = set.initial;
  latents[fmt::format("dense.{}", number)] = set.dense.latents;
  for (std::size_t i = 0; i < set.sparse.size(); ++i)
    latents[fmt::format("sparse{}.{}", i, number)] = set.sparse[i].latents;
}

at::Tensor initial_of(const Workbench& bench, const Prompt& prompt, std::uint32_t noise, std::size_t number) {
  const at::Tensor own =
      bench.pipeline.initial_noise(models::prompt_seed(bench.options.seed + noise, prompt.digest), bench.size);
  if (bench.options.initial_latents.empty()) return own;
  return read_initial_latents(bench.options.initial_latents, number, own.sizes());
}

void prepare_output(const VerifyOptions& options) {
  const std::filesystem::path report = options.output / "report.json";
  require(options.force || !std::filesystem::exists(report), ErrorCode::kUsage, report.string(),
          ": exists; --force replaces it");
  std::error_code problem;
  if (options.decode) std::filesystem::create_directories(options.output / "frames", problem);
  if (!problem && options.clips) std::filesystem::create_directories(options.output / "clips", problem);
  if (!problem) std::filesystem::create_directories(options.output, problem);
  require(!problem, ErrorCode::kIo, options.output.string(), ": cannot create the folder: ", problem.message());
}

VerifyReport empty_report(const Workbench& bench) {
  VerifyReport report;
  for (const auto& masks : bench.masks) {
    const MaskFile& file = masks->file();
    report.masks.push_back({file.path(), std::filesystem::file_size(file.path()), file.facts().global_density});
  }
  report.size = bench.size;
  report.steps = bench.options.steps;
  report.shift = bench.shift;
  report.guidance = bench.options.guidance;
  report.sampler = bench.options.sampler == models::Sampler::kUniPc ? "unipc" : "euler";
  return report;
}

}  // namespace

void validate(const VerifyOptions& o) {
  const auto check_option = [](bool ok, auto&&... parts) { require(ok, ErrorCode::kUsage, parts...); };
  check_option(!o.masks.empty(), "MASKS: at least one .wean file is required");
  check_option(o.steps >= 1 && o.steps <= 1000, "--steps ", o.steps, ": allowed are 1 to 1000");
  check_option(o.guidance >= 1, "--guidance ", o.guidance, ": allowed is 1 (no unconditional pass) and above");
  check_option(o.shift >= 0, "--shift ", o.shift, ": allowed are positive values, or 0 for the checkpoint's own");
  check_option(o.seeds_per_prompt >= 1 && o.seeds_per_prompt <= 64, "--seeds ", o.seeds_per_prompt,
               ": allowed are 1 to 64");
  check_option(o.allow_model.empty() || o.allow_model.size() == 16, "--allow-model '", o.allow_model,
               "': the first 16 hex digits of the digest are needed");
  check_option(o.decode || !o.clips, "--clips: needs decoding, do not give --latents-only");
}

VerifyReport run(const VerifyOptions& options, const ProgressCallback& progress) {
  validate(options);
  const auto start = std::chrono::steady_clock::now();
  prepare_output(options);
  const std::vector<Prompt> prompts = prompts_of(options);
  const Workbench bench = open_workbench(options);
  VerifyReport report = empty_report(bench);
  PassCounter passes(options, prompts.size() * options.seeds_per_prompt, progress);
  std::map<std::string, at::Tensor> latents;
  for (const Prompt& prompt : prompts) {
    for (std::uint32_t noise = 0; noise < options.seeds_per_prompt; ++noise) {
      const std::size_t number = report.clips.size();
      ClipSet set;
      report.clips.push_back(
          run_clip(bench, prompt, initial_of(bench, prompt, noise, number), set, passes.for_clip(number)));
      report.clips.back().noise = noise;
      write_pictures(options, set, number);
      if (!options.save_latents.empty()) keep_latents(set, number, latents);
    }
  }
  const Overwrite overwrite = options.force ? Overwrite::kReplace : Overwrite::kRefuse;
  if (!options.save_latents.empty()) write_latents(options.save_latents, latents, overwrite);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace wean::verify
