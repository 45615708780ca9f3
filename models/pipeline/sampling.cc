#include "models/pipeline/sampling.h"

#include <ATen/ATen.h>

#include <cmath>

#include "common/base/error.h"

namespace wean::models {
namespace {

/// One run's constants.
struct Run {
  const WanTransformer& transformer;
  const Schedule& schedule;
  const SamplingHooks& hooks;
  Rope rope;
  TextContext conditional, unconditional;
};

at::Tensor run_pass(const Run& run, const at::Tensor& latents, std::uint32_t step, Branch branch) {
  Pass pass;
  pass.call.step = step;
  pass.call.sigma = run.schedule.sigma(step);
  pass.call.branch = branch;
  pass.timestep = run.schedule.timesteps.at(step);
  const TextContext& text = branch == Branch::kConditional ? run.conditional : run.unconditional;
  at::Tensor velocity = run.transformer.forward(latents, text, run.rope, pass, run.hooks.attention);
  require(at::isfinite(velocity).all().item<bool>(), ErrorCode::kNotFinite, "step ", step + 1, " of ",
          run.schedule.steps(), ", ", to_string(branch), " pass: the transformer's output holds NaN or Inf");
  if (run.hooks.on_pass) run.hooks.on_pass(step, branch);
  return velocity;
}

at::Tensor guided(const Run& run, const at::Tensor& latents, std::uint32_t step, double guidance) {
  const at::Tensor conditional = run_pass(run, latents, step, Branch::kConditional);
  if (guidance == 1) return conditional;
  const at::Tensor unconditional = run_pass(run, latents, step, Branch::kUnconditional);
  return unconditional + (conditional - unconditional) * guidance;
}

}  // namespace

Schedule make_schedule(Sampler sampler, std::uint32_t steps, double shift) {
  return sampler == Sampler::kUniPc ? unipc_schedule(steps, shift) : euler_schedule(steps, shift);
}

std::unique_ptr<Stepper> make_stepper(Sampler sampler, const Schedule& schedule, int order) {
  if (sampler == Sampler::kEuler) return std::make_unique<FlowEuler>(schedule);
  return std::make_unique<UniPc>(schedule, order);
}

at::Tensor run_sampling(const WanTransformer& transformer, const Schedule& schedule, Stepper& stepper,
                        const SampleRequest& request, const SamplingHooks& hooks) {
  require(std::isfinite(request.guidance) && request.guidance >= 1, ErrorCode::kUsage, "guidance ", request.guidance,
          "; it must be at least 1 (1 = without an unconditional pass)");
  const Grid grid = transformer.grid_of(request.initial_latents.sizes());
  Run run{transformer,
          schedule,
          hooks,
          make_rope(grid, transformer.config().head_dim, transformer.device()),
          transformer.prepare_text(request.conditional),
          {}};
  if (request.guidance != 1) run.unconditional = transformer.prepare_text(request.unconditional);
  at::Tensor latents = request.initial_latents.to(transformer.device(), at::kFloat);
  for (std::uint32_t step = 0; step < schedule.steps(); ++step) {
    latents = stepper.step(guided(run, latents, step, request.guidance), latents);
    require(at::isfinite(latents).all().item<bool>(), ErrorCode::kNotFinite, "step ", step + 1, " of ",
            schedule.steps(), ": the latents hold NaN or Inf");
  }
  return latents;
}

}  // namespace wean::models
