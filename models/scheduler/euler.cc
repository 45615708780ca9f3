#include <ATen/ATen.h>

#include "models/scheduler/stepper.h"

namespace wean::models {

at::Tensor FlowEuler::step(const at::Tensor& velocity, const at::Tensor& latents) {
  const float delta = schedule_.sigmas.at(index_ + 1) - schedule_.sigmas.at(index_);
  ++index_;
  return latents + velocity.to(at::kFloat) * delta;
}

}  // namespace wean::models
