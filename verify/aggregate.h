// Means and standard errors over prompts. The prompt is the statistical unit: noises of a prompt are averaged first.
#pragma once
#include <functional>
#include <vector>

#include "verify/verify.h"

namespace wean::verify {

/// Mean over prompts and its standard error (kNotMeasured for a single prompt).
struct Estimate {
  double mean = 0;
  double error = kNotMeasured;
  std::size_t prompts = 0;
};

/// Aggregates one figure of each clip.
[[nodiscard]] Estimate aggregate(const std::vector<ClipReport>& clips,
                                 const std::function<double(const ClipReport&)>& figure);

/// Figure of mask a minus the same of mask b, paired by clip (same prompt, same noise).
[[nodiscard]] Estimate paired_psnr(const std::vector<ClipReport>& clips, std::size_t a, std::size_t b);

}  // namespace wean::verify
