// The sampling loop: schedule, two passes a step for guidance, solver.
#pragma once
#include <ATen/core/Tensor.h>

#include <memory>

#include "models/pipeline.h"
#include "models/scheduler/schedule.h"
#include "models/scheduler/stepper.h"
#include "models/wan/transformer.h"

namespace wean::models {

/// Noise levels of a run.
[[nodiscard]] Schedule make_schedule(Sampler sampler, std::uint32_t steps, double shift);
/// The solver that goes with them; `order` is UniPC's.
[[nodiscard]] std::unique_ptr<Stepper> make_stepper(Sampler sampler, const Schedule& schedule, int order);

/// Whom a run calls: the attention, and who listens (may be empty).
struct SamplingHooks {
  SelfAttention& attention;
  const StepCallback& on_pass;
};

/// Denoises request.initial_latents as diffusers' WanPipeline does: latents stay float32 between steps and are cast to
/// the run's type for the model. Conditional pass first, then unconditional (none at guidance 1); noise = uncond +
/// guidance (cond - uncond). request.size, shift and sampler are not read: the caller resolved them. Throws kUsage for
/// wrong shapes and guidance below 1, kNotFinite naming step and branch; passes on what `attention` and `on_pass`
/// throw.
[[nodiscard]] at::Tensor run_sampling(const WanTransformer& transformer, const Schedule& schedule, Stepper& stepper,
                                      const SampleRequest& request, const SamplingHooks& hooks);

}  // namespace wean::models
