#include "verify/prompt_run.h"

#include <ATen/ATen.h>

#include <chrono>

#include "common/base/error.h"
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
  at::Tensor clip = at::stack(frames);
  require(at::isfinite(clip).all().item<bool>(), ErrorCode::kNotFinite, "the decoded clip holds NaN or Inf");
  return clip;
}

models::SampleRequest request_of(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial) {
  models::SampleRequest request;
  request.size = bench.size;
  request.steps = bench.options.steps;
  request.guidance = bench.options.guidance;
  request.shift = bench.shift;
  request.sampler = bench.sampler;
  request.conditional = conditional;
  request.unconditional = bench.unconditional;
  request.initial_latents = initial;
  return request;
}

Sampled sample(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial,
               models::SelfAttention& attention, const PassCallback& on_pass) {
  const auto after_pass = [&](std::uint32_t, Branch) {
    throw_if_stopped("finished clips are kept; the same command with --resume goes on");
    if (on_pass) on_pass();
  };
  Sampled out;
  out.latents = bench.pipeline.sample(request_of(bench, conditional, initial), attention, after_pass);
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
  // Clips are kept on the host; the sums over them are taken where the model runs.
  const at::Tensor clip = a.clip.to(a.latents.device()), reference = dense.clip.to(a.latents.device());
  c.psnr = psnr(clip, reference);
  c.ssim = ssim(clip, reference);
  c.flicker = flicker(clip, reference);
  return c;
}

/// Samples and splits the wall-clock time into attention and the rest.
Sampled sample_timed(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial,
                     models::SelfAttention& attention, Seconds& seconds, const PassCallback& on_pass) {
  TimedAttention timed(attention);
  const auto start = std::chrono::steady_clock::now();
  Sampled sampled = sample(bench, conditional, initial, timed, on_pass);
  const double total = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  seconds = {timed.seconds(), total - timed.seconds()};
  decode(bench, sampled);
  return sampled;
}

SparseClip run_sparse(const Workbench& bench, std::size_t mask, const at::Tensor& conditional, ClipSet& set,
                      const PassCallback& on_pass) {
  MaskedAttention attention(bench.masks[mask]);
  SparseClip out;
  Sampled sampled = sample_timed(bench, conditional, set.initial, attention, out.seconds, on_pass);
  out.closeness = closeness(sampled, set.dense);
  out.global_density = attention.global_density();
  set.sparse.push_back(std::move(sampled));
  return out;
}

/// A second dense run that nobody times: it scores recall, and with other rounding it is the ceiling.
void run_twin(const Workbench& bench, const at::Tensor& conditional, const ClipSet& set, ClipReport& report,
              const PassCallback& on_pass) {
  models::DenseAttention dense;
  CeilingAttention rounded;
  models::SelfAttention& attention = bench.options.ceiling ? static_cast<models::SelfAttention&>(rounded) : dense;
  RecallAttention scored(attention, bench.options.recall ? bench.masks : std::vector<std::shared_ptr<SiteMasks>>{});
  Sampled twin = sample(bench, conditional, set.initial, scored, on_pass);
  const std::vector<Recall> recall = scored.recall();
  for (std::size_t mask = 0; mask < recall.size(); ++mask) report.sparse[mask].recall = recall[mask];
  if (!bench.options.ceiling) return;
  decode(bench, twin);
  report.ceiling = closeness(twin, set.dense);
}

void add_floors(const Workbench& bench, const Prompt& prompt, const at::Tensor& conditional, const ClipSet& set,
                ClipReport& report, const PassCallback& on_pass) {
  const auto against_dense = [&](const at::Tensor& clip) {
    Closeness c = closeness({set.dense.latents, clip}, set.dense);
    c.latent_l2 = kNotMeasured;  // a clip made from pixels has no latents
    return c;
  };
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

void warm_up(const Workbench& bench, const Prompt& prompt, const at::Tensor& initial) {
  models::SampleRequest request = request_of(bench, bench.pipeline.encode_prompt(prompt.text), initial);
  request.steps = 1;
  models::DenseAttention dense;
  (void)bench.pipeline.sample(request, dense, {});
}

ClipReport run_clip(const Workbench& bench, const Prompt& prompt, const at::Tensor& initial, ClipSet& set,
                    const PassCallback& on_pass) {
  ClipReport report;
  report.prompt = prompt.text;
  set.initial = initial;
  const at::Tensor conditional = bench.pipeline.encode_prompt(prompt.text);
  models::DenseAttention dense;
  set.dense = sample_timed(bench, conditional, initial, dense, report.dense, on_pass);
  for (std::size_t mask = 0; mask < bench.masks.size(); ++mask)
    report.sparse.push_back(run_sparse(bench, mask, conditional, set, on_pass));
  if (bench.options.ceiling || bench.options.recall) run_twin(bench, conditional, set, report, on_pass);
  if (bench.options.floors) add_floors(bench, prompt, conditional, set, report, on_pass);
  return report;
}

std::uint64_t passes_of_run(const VerifyOptions& options) {
  return std::uint64_t{options.steps} * (options.guidance > 1 ? 2 : 1);
}

std::uint64_t runs_of_clip(const VerifyOptions& options) {
  return 1 + options.masks.size() + (options.ceiling || options.recall ? 1 : 0) + (options.floors ? 1 : 0);
}

}  // namespace wean::verify
