#include "verify/verify.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"
#include "verify/clip_store.h"
#include "verify/latents_file.h"
#include "verify/manifest.h"
#include "verify/picture.h"
#include "verify/prompt_run.h"
#include "verify/workbench.h"

namespace wean::verify {
namespace {

/// Counts the model passes that are to be run and reports them with the clip that is being worked on.
class PassCounter {
 public:
  PassCounter(const VerifyOptions& options, std::size_t clips, std::size_t finished, const ProgressCallback& progress)
      : progress_(progress),
        clips_(clips),
        total_((clips - finished) * runs_of_clip(options) * passes_of_run(options)) {}
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
    write_y4m(options.output / "clips" / fmt::format("clip{:03}-mask{}.y4m", number, i), sparse[i]);
  }
}

std::map<std::string, at::Tensor> latents_of(const ClipSet& set, std::size_t number) {
  std::map<std::string, at::Tensor> latents;
  latents[fmt::format("initial.{}", number)] = set.initial;
  latents[fmt::format("dense.{}", number)] = set.dense.latents;
  for (std::size_t i = 0; i < set.sparse.size(); ++i)
    latents[fmt::format("sparse{}.{}", i, number)] = set.sparse[i].latents;
  return latents;
}

at::Tensor initial_of(const Workbench& bench, const Prompt& prompt, std::uint32_t noise, std::size_t number) {
  const at::Tensor own =
      bench.pipeline.initial_noise(models::prompt_seed(bench.options.seed + noise, prompt.digest), bench.size);
  if (bench.options.initial_latents.empty()) return own;
  return read_initial_latents(bench.options.initial_latents, number, own.sizes());
}

/// Runs the clips one after the other, or takes them from an earlier run.
class ClipRunner {
 public:
  ClipRunner(const Workbench& bench, const std::vector<Prompt>& prompts, const ProgressCallback& progress)
      : bench_(bench), store_(bench.options, run_manifest(bench, prompts)) {
    const std::size_t clips = prompts.size() * bench.options.seeds_per_prompt;
    std::size_t finished = 0;
    for (std::size_t number = 0; number < clips; ++number) {
      if (store_.find(number)) ++finished;
    }
    passes_.emplace(bench.options, clips, finished, progress);
    if (progress)
      progress({0, (clips - finished) * runs_of_clip(bench.options) * passes_of_run(bench.options),
                "loaded " + bench.pipeline.path().string()});
  }

  ClipReport next(const Prompt& prompt, std::uint32_t noise) {
    const std::size_t number = number_++;
    std::optional<ClipReport> report = store_.find(number);
    if (!report) report = run(prompt, noise, number);
    report->prompt = prompt.text;
    report->noise = noise;
    return *report;
  }

  void save_latents() const {
    const VerifyOptions& options = bench_.options;
    if (options.save_latents.empty()) return;
    std::map<std::string, at::Tensor> all;
    for (std::size_t number = 0; number < number_; ++number) all.merge(read_latents(store_.latents_path(number)));
    write_latents(options.save_latents, all, options.force ? Overwrite::kReplace : Overwrite::kRefuse);
  }

 private:
  ClipReport run(const Prompt& prompt, std::uint32_t noise, std::size_t number) {
    ClipSet set;
    const at::Tensor initial = initial_of(bench_, prompt, noise, number);
    if (!std::exchange(warm_, true)) warm_up(bench_, prompt, initial);
    const ClipReport report = run_clip(bench_, prompt, initial, set, passes_->for_clip(number));
    write_pictures(bench_.options, set, number);
    if (!bench_.options.save_latents.empty())
      write_latents(store_.latents_path(number), latents_of(set, number), Overwrite::kReplace);
    store_.keep(number, report);
    return report;
  }

  const Workbench& bench_;
  ClipStore store_;
  std::optional<PassCounter> passes_;
  std::size_t number_ = 0;
  bool warm_ = false;
};

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  require(!problem, ErrorCode::kIo, folder.string(), ": cannot create the folder: ", problem.message());
}

/// Everything that may refuse the output does so before hours of work.
void prepare_output(const VerifyOptions& options) {
  const std::filesystem::path report = options.output / "report.json";
  require(options.force || !std::filesystem::exists(report), ErrorCode::kUsage, report.string(),
          ": exists; --force replaces it");
  if (!options.save_latents.empty())
    check_output(options.save_latents, options.force ? Overwrite::kReplace : Overwrite::kRefuse);
  make_folder(options.output);
}

/// Pictures of an earlier run would look like this one's.
void prepare_pictures(const VerifyOptions& options) {
  for (const char* name : {"frames", "clips"}) {
    const std::filesystem::path folder = options.output / name;
    if (std::string(name) == "clips" ? options.clips : options.decode) make_folder(folder);
    if (options.resume || !std::filesystem::is_directory(folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().filename().string().starts_with("clip")) std::filesystem::remove(entry.path());
    }
  }
}

VerifyReport empty_report(const Workbench& bench) {
  VerifyReport report;
  for (const auto& masks : bench.masks) {
    const MaskFile& file = masks->file();
    report.masks.push_back({file.path(), std::filesystem::file_size(file.path()), file.facts().global_density});
  }
  report.model = bench.pipeline.path();
  report.size = bench.size;
  report.steps = bench.options.steps;
  report.shift = bench.shift;
  report.guidance = bench.options.guidance;
  report.sampler = bench.sampler == models::Sampler::kUniPc ? "unipc" : "euler";
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
  const WriterLock lock(options.output / "report.json");
  const std::vector<Prompt> prompts = prompts_of(options);
  const Workbench bench = open_workbench(options);
  if (!options.initial_latents.empty())
    check_initial_latents(options.initial_latents, prompts.size() * options.seeds_per_prompt, options.seeds_per_prompt,
                          bench.pipeline.initial_noise(0, bench.size).sizes());
  VerifyReport report = empty_report(bench);
  report.manifest = run_manifest(bench, prompts);
  ClipRunner runner(bench, prompts, progress);
  prepare_pictures(options);
  for (const Prompt& prompt : prompts) {
    for (std::uint32_t noise = 0; noise < options.seeds_per_prompt; ++noise)
      report.clips.push_back(runner.next(prompt, noise));
  }
  runner.save_latents();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace wean::verify
