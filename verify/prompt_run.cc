#include "verify/prompt_run.h"

#include <ATen/ATen.h>

#include <chrono>

#include "common/base/stop.h"
#include "verify/clip_metrics.h"
#include "verify/probe_attention.h"

namespace wean::verify {
namespace {

/// Noise that the masks' own clip did not use, for the floor.
constexpr std::uint64_t kOtherSeed = 0x6F74686572;

at::Tensor decode_clip(const models::Pipeline& pipeline, const at::Tensor& latents) {
  std::vector<at::Tensor> frames;
  pipeline.decode_float(latents, [&](const at::Tensor& frame) { frames.push_back(frame.to(at::kCPU).clone()); });
  return at::stack(frames);
}

Sampled sample(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial,
               models::SelfAttention& attention, const PassCallback& on_pass) {
  models::SampleRequest request;
  request.size = bench.size;
  request.steps = bench.options.steps;
  request.guidance = bench.options.guidance;
  request.shift = bench.shift;
  request.sampler = bench.options.sampler;
  request.conditional = conditional;
  request.unconditional = bench.unconditional;
  request.initial_latents = initial;
  const auto after_pass = [&](std::uint32_t, Branch) {
    throw_if_stopped("finished clips are kept; the same command with --resume goes on");
    if (on_pass) on_pass();
  };
  Sampled out;
  out.latents = bench.pipeline.sample(request, attention, after_pass);
  synchronize(out.latents.device());
  return out;
}

void decode(const Workbench& bench, Sampled& sampled) {
  if (bench.options.decode) sampled.clip = decode_clip(bench.pipeline, sampled.latents);
}

Closeness closeness(const Sampled& a, const Sampled& dense) {
  Closeness c;
  c.latent_l2 = relative_l2(a.latents, dense.latents);
  if (!a.clip.defined()) return c;
  c.psnr = psnr(a.clip, dense.clip);
  c.ssim = ssim(a.clip, dense.clip);
  c.flicker = flicker(a.clip, dense.clip);
  return c;
}

/// Runs `body` and splits its wall-clock time into attention and the rest; `aside` seconds are nobody's.
template <typename Body, typename Aside>
Seconds measure(models::SelfAttention& attention, Body body, Aside aside) {
  TimedAttention timed(attention);
  const auto start = std::chrono::steady_clock::now();
  body(timed);
  const double total = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - aside();
  const double inside = timed.seconds() - aside();
  return {inside, total - inside};
}

SparseClip run_sparse(const Workbench& bench, std::size_t mask, const at::Tensor& conditional, ClipSet& set,
                      const PassCallback& on_pass) {
  MaskedAttention attention(bench.masks[mask]);
  SparseClip out;
  Sampled sampled;
  out.seconds = measure(
      attention,
      [&](models::SelfAttention& timed) { sampled = sample(bench, conditional, set.initial, timed, on_pass); },
      [] { return 0.0; });
  decode(bench, sampled);
  out.closeness = closeness(sampled, set.dense);
  out.global_density = attention.global_density();
  set.sparse.push_back(std::move(sampled));
  return out;
}

void add_floors(const Workbench& bench, const Prompt& prompt, const at::Tensor& conditional, const ClipSet& set,
                ClipReport& report, const PassCallback& on_pass) {
  const auto against_dense = [&](const at::Tensor& clip) { return closeness({set.dense.latents, clip}, set.dense); };
  if (set.dense.clip.defined()) {
    report.blurred = against_dense(blurred(set.dense.clip));
    report.still = against_dense(held_still(set.dense.clip));
  }
  const at::Tensor noise =
      bench.pipeline.initial_noise(models::prompt_seed(bench.options.seed ^ kOtherSeed, prompt.digest), bench.size);
  const Sampled other = sample_dense(bench, conditional, noise, on_pass);
  report.other_seed = closeness(other, set.dense);
}

}  // namespace

Sampled sample_dense(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial,
                     const PassCallback& on_pass) {
  models::DenseAttention dense;
  Sampled sampled = sample(bench, conditional, initial, dense, on_pass);
  decode(bench, sampled);
  return sampled;
}

ClipReport run_clip(const Workbench& bench, const Prompt& prompt, const at::Tensor& initial, ClipSet& set,
                    const PassCallback& on_pass) {
  ClipReport report;
  report.prompt = prompt.text;
  set.initial = initial;
  const at::Tensor conditional = bench.pipeline.encode_prompt(prompt.text);
  models::DenseAttention dense;
  RecallAttention scored(dense, bench.options.recall ? bench.masks : std::vector<std::shared_ptr<SiteMasks>>{});
  report.dense = measure(
      scored, [&](models::SelfAttention& timed) { set.dense = sample(bench, conditional, initial, timed, on_pass); },
      [&] { return scored.seconds(); });
  decode(bench, set.dense);
  for (std::size_t mask = 0; mask < bench.masks.size(); ++mask)
    report.sparse.push_back(run_sparse(bench, mask, conditional, set, on_pass));
  const std::vector<Recall> recall = scored.recall();
  for (std::size_t mask = 0; mask < recall.size(); ++mask) report.sparse[mask].recall = recall[mask];
  if (bench.options.ceiling) {
    CeilingAttention rounded;
    Sampled twin = sample(bench, conditional, initial, rounded, on_pass);
    decode(bench, twin);
    report.ceiling = closeness(twin, set.dense);
  }
  if (bench.options.floors) add_floors(bench, prompt, conditional, set, report, on_pass);
  return report;
}

std::uint64_t passes_of_run(const VerifyOptions& options) {
  return std::uint64_t{options.steps} * (options.guidance > 1 ? 2 : 1);
}

std::uint64_t runs_of_clip(const VerifyOptions& options) {
  return 1 + options.masks.size() + (options.ceiling ? 1 : 0) + (options.floors ? 1 : 0);
}

}  // namespace wean::verify
