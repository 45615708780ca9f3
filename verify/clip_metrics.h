// How close two clips are (METHOD 5b). Clips are float32 [frames, height, width, 3] in [0, 1], both on one device.
#pragma once
#include <ATen/core/Tensor.h>

namespace wean::verify {

/// What identical clips score, so that means stay finite.
inline constexpr double kMaxPsnr = 100.0;

/// Peak signal-to-noise ratio in dB from the mean squared error over all frames and channels; at most kMaxPsnr;
/// NaN when a clip holds NaN.
[[nodiscard]] double psnr(const at::Tensor& clip, const at::Tensor& reference);
/// Structural similarity on luma (BT.601), Gaussian window 11x11 with sigma 1.5, K1 = .01, K2 = .03 (Wang et al. 2004),
/// mean over frames and positions where the window fits. Frames must be at least 11x11.
[[nodiscard]] double ssim(const at::Tensor& clip, const at::Tensor& reference);
/// Mean absolute frame-to-frame change of (clip - reference) over that of the reference; 0 for a single frame.
[[nodiscard]] double flicker(const at::Tensor& clip, const at::Tensor& reference);
/// || a - b || / || b ||, any shape.
[[nodiscard]] double relative_l2(const at::Tensor& a, const at::Tensor& b);

/// Floors, what a useless clip scores: the clip through a 16x16x4 box (height, width, time), and its per-pixel median
/// over time held still.
[[nodiscard]] at::Tensor blurred(const at::Tensor& clip);
[[nodiscard]] at::Tensor held_still(const at::Tensor& clip);

}  // namespace wean::verify
