#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "verify/probe_attention.h"
#include "verify/prompt_run.h"
#include "verify/verify.h"
#include "verify/workbench.h"

namespace wean::verify {
namespace {

constexpr std::uint64_t kMetricClips = 8;  // float32 clips that SSIM holds as float64 planes, the most of all metrics
constexpr std::uint64_t kChunkBytes = std::uint64_t{256} << 20;  // of recall and of expanded masks
constexpr std::uint64_t kReportBytes = 2000;                     // of a clip and mask in report.json

/// Seconds of one dense pass, after one to warm up.
double seconds_of_pass(Workbench& bench, const Prompt& prompt) {
  using Clock = std::chrono::steady_clock;
  bench.options.steps = 2;
  bench.options.guidance = 1;
  bench.options.decode = false;
  const at::Tensor noise = bench.pipeline.initial_noise(0, bench.size);
  Clock::time_point after_first{};
  std::uint32_t passes = 0;
  (void)sample_dense(bench, bench.pipeline.encode_prompt(prompt.text), noise, [&] {
    if (++passes == 1) after_first = Clock::now();
  });
  return std::chrono::duration<double>(Clock::now() - after_first).count();
}

std::uint64_t pixels(const models::ClipSize& size) {
  return static_cast<std::uint64_t>(size.width * size.height * size.frames);
}

/// Files in memory, and the pairs of one phase with a byte each.
std::uint64_t mask_memory(const Workbench& bench) {
  std::uint64_t bytes = 0;
  for (const auto& mask : bench.masks) {
    const MaskFile& file = mask->file();
    const auto& facts = file.facts();
    const auto pairs = static_cast<std::uint64_t>(file.geometry().pairs());
    bytes += std::filesystem::file_size(file.path());
    bytes += std::uint64_t{facts.experts} * facts.layers * facts.branches * facts.heads * pairs;
  }
  return bytes;
}

std::uint64_t memory_bytes(const Workbench& bench, const VerifyOptions& options) {
  const std::uint64_t clip = 12 * pixels(bench.size);
  const std::uint64_t clips = options.decode ? 2 + bench.masks.size() + kMetricClips : 0;
  return mask_memory(bench) + clips * clip + kChunkBytes;
}

/// Of one clip: pictures, videos, latents (kept apart until the end), and its part of the report.
std::uint64_t clip_disk_bytes(const Workbench& bench, const VerifyOptions& options, std::uint64_t latents) {
  const std::uint64_t masks = bench.masks.size();
  const auto width = static_cast<std::uint64_t>(bench.size.width),
             height = static_cast<std::uint64_t>(bench.size.height);
  const std::uint64_t picture = height * (3 * ((1 + 2 * masks) * width + 8 * masks) + 1);
  const auto frames = static_cast<std::uint64_t>(bench.size.frames);
  const auto pictures = std::min<std::uint64_t>(options.frames, frames);
  std::uint64_t bytes = kReportBytes * (1 + masks);
  if (options.decode) bytes += pictures * (picture + picture / 100 + 1000);
  if (options.clips) bytes += (1 + masks) * (3 * pixels(bench.size) + 6 * frames + 100);
  if (!options.save_latents.empty()) bytes += 2 * (2 + masks) * latents;
  return bytes;
}

}  // namespace

VerifyEstimate estimate(const VerifyOptions& options) {
  validate(options);
  const std::vector<Prompt> prompts = prompts_of(options);
  Workbench bench = open_workbench(options);
  const auto clips = static_cast<std::uint32_t>(prompts.size()) * options.seeds_per_prompt;
  const std::uint64_t latents = bench.pipeline.initial_noise(0, bench.size).nbytes();
  const double pass = seconds_of_pass(bench, prompts.front());
  return {clips, pass * static_cast<double>(clips * runs_of_clip(options) * passes_of_run(options)),
          memory_bytes(bench, options), clips * clip_disk_bytes(bench, options, latents), bench.pipeline.path()};
}

}  // namespace wean::verify
