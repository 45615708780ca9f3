#include "extract/manifest.h"

#include <fmt/format.h>

namespace wean::extract {
namespace {

std::string model_lines(const ModelIdentity& m) {
  return fmt::format("family: {}\nmodel shape: {} experts, {} layers, {} heads of {}\nweights: {}\nconfig: {}\n",
                     m.family, m.experts, m.layers, m.heads, m.head_dim, to_hex(m.weights), to_hex(m.config));
}

std::string recipe_lines(const SamplingRecipe& r) {
  return fmt::format("size: {}x{}, {} frames\nsampler: {}\nsteps: {}\nshift: {}\nguidance: {}\ndtype: {}\nseed: {}\n",
                     r.width, r.height, r.frames, r.sampler, r.steps, r.shift, r.guidance, r.dtype, r.seed);
}

std::string phase_lines(const ProfileMeta& meta) {
  std::string text;
  for (std::size_t i = 0; i < meta.phases.size(); ++i) {
    const Phase& p = meta.phases[i];
    text += fmt::format("phase {}: sigma {} to {}, {} steps\n", i, p.sigma_high, p.sigma_low, p.steps);
  }
  for (std::size_t i = 0; i < meta.sigmas.size(); ++i) text += fmt::format("sigma {}: {}\n", i, meta.sigmas[i]);
  for (const Branch branch : meta.branches) text += fmt::format("branch: {}\n", to_string(branch));
  return text;
}

}  // namespace

std::string run_manifest(const ProfileMeta& meta) {
  return fmt::format("wean extract run, version {}\n", meta.tool_version) + model_lines(meta.model) +
         recipe_lines(meta.recipe) +
         fmt::format("grid: {}\nblock: {}\ntoken order: {}\nsampled rows: {}\n", to_string(meta.grid), meta.block,
                     meta.token_order, meta.sampled_rows) +
         phase_lines(meta);
}

}  // namespace wean::extract
