// One clip: its dense run, its ceiling, and one sparse run a mask file, all from the same noise.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/base/prompts.h"
#include "verify/masked_attention.h"
#include "verify/verify.h"

namespace wean::verify {

/// What all clips of a run share. Borrowed by the functions below.
struct Workbench {
  VerifyOptions options;
  models::Pipeline pipeline;
  std::vector<std::shared_ptr<SiteMasks>> masks;
  models::ClipSize size;
  models::Sampler sampler = models::Sampler::kUniPc;
  double shift = 0;
  at::Tensor unconditional;  ///< embedding of the empty prompt
};

/// A sampled clip.
struct Sampled {
  at::Tensor latents;  ///< [channels, t, h, w] float32
  at::Tensor clip;     ///< float32 [frames, height, width, 3] in [0, 1]; undefined without decoding
};

/// All that was sampled for one clip, for pictures and files.
struct ClipSet {
  at::Tensor initial;
  Sampled dense;
  std::vector<Sampled> sparse;
};

/// Called after each model pass.
using PassCallback = std::function<void()>;

/// One dense step whose result is dropped, so that the first timed run does not pay for first use.
void warm_up(const Workbench& bench, const Prompt& prompt, const at::Tensor& initial);

/// Samples and measures one clip from `initial` ([channels, t, h, w]); fills `set` for the caller.
[[nodiscard]] ClipReport run_clip(const Workbench& bench, const Prompt& prompt, const at::Tensor& initial, ClipSet& set,
                                  const PassCallback& on_pass);

/// Dense clip of another noise, for the floor "another seed".
[[nodiscard]] Sampled sample_dense(const Workbench& bench, const at::Tensor& conditional, const at::Tensor& initial,
                                   const PassCallback& on_pass);

/// Model passes of one sampling run, and sampling runs of one clip.
[[nodiscard]] std::uint64_t passes_of_run(const VerifyOptions& options);
[[nodiscard]] std::uint64_t runs_of_clip(const VerifyOptions& options);

}  // namespace wean::verify
