#include "verify/clip_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace wean::verify {
namespace {

/// [frames, 1, height, width] float64.
at::Tensor luma(const at::Tensor& clip) {
  const at::Tensor weights = at::tensor({0.299, 0.587, 0.114}, clip.options().dtype(at::kDouble));
  return at::matmul(clip.to(at::kDouble), weights).unsqueeze(1);
}

/// Separable Gaussian of 11 taps, where the window fits.
at::Tensor gaussian(const at::Tensor& x) {
  const at::Tensor at_taps = at::arange(-5, 6, x.options());
  at::Tensor taps = at::exp(-at_taps * at_taps / (2 * 1.5 * 1.5));
  taps = taps / taps.sum();
  return at::conv2d(at::conv2d(x, taps.view({1, 1, 11, 1})), taps.view({1, 1, 1, 11}));
}

at::Tensor frame_change(const at::Tensor& clip) {
  return (clip.narrow(0, 1, clip.size(0) - 1) - clip.narrow(0, 0, clip.size(0) - 1)).abs().to(at::kDouble);
}

}  // namespace

double psnr(const at::Tensor& clip, const at::Tensor& reference) {
  const double mse = (clip - reference).to(at::kDouble).square().mean().item<double>();
  return mse <= 0 ? kMaxPsnr : std::min(-10 * std::log10(mse), kMaxPsnr);
}

double ssim(const at::Tensor& clip, const at::Tensor& reference) {
  constexpr double kC1 = 0.01 * 0.01;
  constexpr double kC2 = 0.03 * 0.03;
  const at::Tensor x = luma(clip);
  const at::Tensor y = luma(reference);
  const at::Tensor mean_x = gaussian(x);
  const at::Tensor mean_y = gaussian(y);
  const at::Tensor var_x = gaussian(x * x) - mean_x * mean_x;
  const at::Tensor var_y = gaussian(y * y) - mean_y * mean_y;
  const at::Tensor covariance = gaussian(x * y) - mean_x * mean_y;
  const at::Tensor map = (2 * mean_x * mean_y + kC1) * (2 * covariance + kC2) /
                         ((mean_x * mean_x + mean_y * mean_y + kC1) * (var_x + var_y + kC2));
  return map.mean().item<double>();
}

double flicker(const at::Tensor& clip, const at::Tensor& reference) {
  if (clip.size(0) < 2) return 0;
  const double change = frame_change(reference).mean().item<double>();
  return frame_change(clip - reference).mean().item<double>() / std::max(change, 1e-12);
}

double relative_l2(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor reference = b.to(at::kCPU, at::kDouble);
  const at::Tensor difference = a.to(at::kCPU, at::kDouble) - reference;
  return std::sqrt(difference.square().sum().item<double>() /
                   std::max(reference.square().sum().item<double>(), 1e-300));
}

at::Tensor blurred(const at::Tensor& clip) {
  const at::Tensor planes = clip.permute({3, 0, 1, 2}).unsqueeze(0);
  // An even box reaches one element further back than forth.
  const at::Tensor padded = at::replication_pad3d(planes, {8, 7, 8, 7, 2, 1});
  return at::avg_pool3d(padded, {4, 16, 16}, {1, 1, 1}).squeeze(0).permute({1, 2, 3, 0});
}

at::Tensor held_still(const at::Tensor& clip) { return std::get<0>(clip.median(0, true)).expand_as(clip); }

}  // namespace wean::verify
