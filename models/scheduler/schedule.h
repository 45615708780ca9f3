// Noise levels of a sampling run, as diffusers 0.42.1 computes them for flow matching.
#pragma once
#include <cstdint>
#include <vector>

namespace wean::models {

/// sigmas has one more entry than there are steps: the last one is 0. timesteps is what the model receives.
struct Schedule {
  std::vector<float> sigmas;
  std::vector<double> timesteps;
  [[nodiscard]] std::size_t steps() const noexcept { return timesteps.size(); }
  /// sigmas[step] clamped to [0, 1]: what phases are chosen by.
  [[nodiscard]] double sigma(std::size_t step) const;
};

/// UniPCMultistepScheduler with use_flow_sigmas: linspace(1, 1/1000, steps + 1) without its end, shifted; the first
/// sigma is kept 1e-6 below 1; timesteps are truncated to integers. Throws kUsage when steps is 0 or shift not above 0.
[[nodiscard]] Schedule unipc_schedule(std::uint32_t steps, double shift);

/// FlowMatchEulerDiscreteScheduler: training sigmas are shifted, and the steps between their ends shifted again;
/// timesteps stay fractional. Same errors.
[[nodiscard]] Schedule euler_schedule(std::uint32_t steps, double shift);

}  // namespace wean::models
