#include <ATen/ATen.h>

#include <chrono>

#include "verify/probe_attention.h"
#include "verify/prompt_run.h"
#include "verify/verify.h"
#include "verify/workbench.h"

namespace wean::verify {

VerifyEstimate estimate(const VerifyOptions& options) {
  validate(options);
  using Clock = std::chrono::steady_clock;
  const std::vector<Prompt> prompts = prompts_of(options);
  Workbench bench = open_workbench(options);
  bench.options.steps = 2;
  bench.options.guidance = 1;
  bench.options.decode = false;
  const at::Tensor conditional = bench.pipeline.encode_prompt(prompts.front().text);
  const at::Tensor noise = bench.pipeline.initial_noise(0, bench.size);
  Clock::time_point after_first{};
  std::uint32_t passes = 0;
  (void)sample_dense(bench, conditional, noise, [&] {
    if (++passes == 1) after_first = Clock::now();
  });
  const double pass = std::chrono::duration<double>(Clock::now() - after_first).count();
  const std::uint32_t clips = static_cast<std::uint32_t>(prompts.size()) * options.seeds_per_prompt;
  return {clips, pass * static_cast<double>(clips * runs_of_clip(options) * passes_of_run(options))};
}

}  // namespace wean::verify
