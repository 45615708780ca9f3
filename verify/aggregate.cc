#include "verify/aggregate.h"

#include <cmath>
#include <map>
#include <string>

namespace wean::verify {

Estimate aggregate(const std::vector<ClipReport>& clips, const std::function<double(const ClipReport&)>& figure) {
  std::map<std::string, std::pair<double, double>> by_prompt;  // sum, count
  for (const ClipReport& clip : clips) {
    auto& [sum, count] = by_prompt[clip.prompt];
    sum += figure(clip);
    count += 1;
  }
  Estimate out;
  out.prompts = by_prompt.size();
  const auto n = static_cast<double>(out.prompts);
  for (const auto& [prompt, entry] : by_prompt) out.mean += entry.first / entry.second / n;
  double squares = 0;
  for (const auto& [prompt, entry] : by_prompt) squares += std::pow(entry.first / entry.second - out.mean, 2);
  if (out.prompts > 1) out.error = std::sqrt(squares / (n - 1) / n);
  return out;
}

Estimate paired_psnr(const std::vector<ClipReport>& clips, std::size_t a, std::size_t b) {
  return aggregate(
      clips, [&](const ClipReport& clip) { return clip.sparse[a].closeness.psnr - clip.sparse[b].closeness.psnr; });
}

}  // namespace wean::verify
