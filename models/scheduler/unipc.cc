#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/scheduler/stepper.h"

namespace wean::models {
namespace {

/// Half of the log signal-to-noise ratio of a flow noise level.
float log_ratio(float sigma) { return std::log(1.0F - sigma) - std::log(sigma); }

/// One step from noise level `from` to `to`; `before` is the level of the step before `from` (order 2).
struct Span {
  float from, to;
  float h;        ///< growth of the log ratio; infinite when `to` is 0
  float growth;   ///< e^-h - 1, which is also B(h)
  float ratio_0;  ///< position of `before` relative to `from`, in units of h

  Span(float before, float from_sigma, float to_sigma)
      : from(from_sigma),
        to(to_sigma),
        h(log_ratio(to_sigma) - log_ratio(from_sigma)),
        growth(std::expm1(-h)),
        ratio_0((log_ratio(before) - log_ratio(from_sigma)) / h) {}

  /// The part of the step that x0 held constant explains.
  [[nodiscard]] at::Tensor first_order(const at::Tensor& x, const at::Tensor& x0) const {
    return x * (to / from) - x0 * ((1.0F - to) * growth);
  }
  /// Weight of the higher-order differences.
  [[nodiscard]] float scale() const { return (1.0F - to) * growth; }
};

/// Weights of (older difference, newest difference) that make the corrector exact to order 2: solves
/// [1 1; ratio 1] rho = b, b_k = k! phi_(k+1)(h) h / B(h) (UniPC, section 3.2 and appendix).
std::pair<float, float> corrector_weights(const Span& span) {
  const float hh = -span.h;
  const float phi_1 = span.growth / hh - 1.0F;
  const float phi_2 = phi_1 / hh - 0.5F;
  const float b_1 = phi_1 / span.growth;
  const float b_2 = phi_2 * 2.0F / span.growth;
  const float older = (b_1 - b_2) / (1.0F - span.ratio_0);
  return {older, b_1 - older};
}

}  // namespace

UniPc::UniPc(Schedule schedule, int order) : schedule_(std::move(schedule)), max_order_(order) {}

at::Tensor UniPc::corrected(const at::Tensor& x0) const {
  const auto& sigmas = schedule_.sigmas;
  const Span span(sigmas[index_ >= 2 ? index_ - 2 : 0], sigmas[index_ - 1], sigmas[index_]);
  const at::Tensor base = span.first_order(last_latents_, x0_);
  const at::Tensor newest = x0 - x0_;
  if (order_ == 1) return base - newest * 0.5F * span.scale();
  const auto [older_weight, newest_weight] = corrector_weights(span);
  const at::Tensor older = (older_x0_ - x0_) / span.ratio_0;
  return base - (older * older_weight + newest * newest_weight) * span.scale();
}

at::Tensor UniPc::predicted(const at::Tensor& latents) const {
  const auto& sigmas = schedule_.sigmas;
  const Span span(sigmas[index_ >= 1 ? index_ - 1 : 0], sigmas[index_], sigmas[index_ + 1]);
  const at::Tensor base = span.first_order(latents, x0_);
  if (order_ == 1) return base;
  return base - (older_x0_ - x0_) / span.ratio_0 * 0.5F * span.scale();
}

at::Tensor UniPc::step(const at::Tensor& velocity, const at::Tensor& latents) {
  // The product keeps the velocity's type, as a zero-dimensional sigma does in the reference.
  const at::Tensor x0 = latents - velocity * schedule_.sigmas.at(index_);
  const at::Tensor current = index_ > 0 ? corrected(x0) : latents;
  older_x0_ = x0_;
  x0_ = x0;
  const auto left = static_cast<int>(schedule_.steps() - index_);
  order_ = std::min({max_order_, left, static_cast<int>(index_) + 1});
  last_latents_ = current;
  const at::Tensor next = predicted(current);
  ++index_;
  return next;
}

}  // namespace wean::models
