// From a velocity to the latents of the next step. One object lives for one sampling run.
#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <utility>

#include "models/scheduler/schedule.h"

namespace wean::models {

class Stepper {
 public:
  virtual ~Stepper() = default;
  /// `velocity` is the model's output at the current step (any float type), `latents` float32; returns the next
  /// latents, float32. Call once a step, in order.
  [[nodiscard]] virtual at::Tensor step(const at::Tensor& velocity, const at::Tensor& latents) = 0;
};

/// UniPC (arXiv 2302.04867), B2(h), order 1 or 2, predicting x0 from a flow velocity, with lower order in the first and
/// last steps: diffusers' UniPCMultistepScheduler. Coefficients are float32 numbers on the host, as there.
class UniPc final : public Stepper {
 public:
  explicit UniPc(Schedule schedule, int order = 2);
  [[nodiscard]] at::Tensor step(const at::Tensor& velocity, const at::Tensor& latents) override;

 private:
  [[nodiscard]] at::Tensor corrected(const at::Tensor& x0) const;
  [[nodiscard]] at::Tensor predicted(const at::Tensor& latents) const;

  Schedule schedule_;
  int max_order_;
  int order_ = 1;  ///< of the last step taken
  std::size_t index_ = 0;
  at::Tensor x0_, older_x0_;  ///< of the last step and the one before
  at::Tensor last_latents_;   ///< corrected latents of the last step
};

/// x += (next sigma - sigma) * velocity. Keeps float32 where diffusers rounds the latents to the model's type.
class FlowEuler final : public Stepper {
 public:
  explicit FlowEuler(Schedule schedule) : schedule_(std::move(schedule)) {}
  [[nodiscard]] at::Tensor step(const at::Tensor& velocity, const at::Tensor& latents) override;

 private:
  Schedule schedule_;
  std::size_t index_ = 0;
};

}  // namespace wean::models
