// Attention wrappers that a verifying run needs: a stop-watch, and dense attention through another rounding or kernel.
#pragma once
#include "models/attention.h"

namespace wean::verify {

/// Waits until the device has finished what was queued (nothing to do on the CPU).
void synchronize(c10::Device device);

/// Measures the wall-clock seconds spent inside another attention.
class TimedAttention final : public models::SelfAttention {
 public:
  /// `inner` is borrowed.
  explicit TimedAttention(models::SelfAttention& inner) : inner_(inner) {}
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;
  [[nodiscard]] double seconds() const noexcept { return seconds_; }

 private:
  models::SelfAttention& inner_;
  double seconds_ = 0;
};

/// The ceiling: dense attention that differs from DenseAttention by rounding only (METHOD 5b). In float32 q, k and v
/// are rounded to bfloat16 first; in bfloat16 LibTorch's masked kernel runs with a mask that keeps everything.
class CeilingAttention final : public models::SelfAttention {
 public:
  [[nodiscard]] at::Tensor attend(const models::AttentionCall& call, const at::Tensor& q, const at::Tensor& k,
                                  const at::Tensor& v) override;

 private:
  models::DenseAttention dense_;
};

}  // namespace wean::verify
