#include "verify/manifest.h"

#include <fmt/format.h>

#include "common/base/file.h"
#include "common/base/version.h"

namespace wean::verify {
namespace {

std::string settings(const Workbench& bench) {
  const VerifyOptions& o = bench.options;
  const bool unipc = bench.sampler == models::Sampler::kUniPc, cpu = o.load.device == models::Device::kCpu;
  const bool single = o.load.precision == models::Precision::kFloat32;
  return fmt::format("steps: {}\nguidance: {}\nsampler: {}\ndevice: {}\ndtype: {}\nseed: {}\nnoises a prompt: {}\n",
                     o.steps, o.guidance, unipc ? "unipc" : "euler", cpu ? "cpu" : "cuda",
                     single ? "float32" : "bfloat16", o.seed, o.seeds_per_prompt) +
         fmt::format("ceiling: {}\nfloors: {}\nrecall: {}\ndecode: {}\nlatents kept: {}\n", o.ceiling, o.floors,
                     o.recall, o.decode, !o.save_latents.empty());
}

std::string digest_line(const char* what, const std::filesystem::path& path) {
  return path.empty() ? "" : fmt::format("{}: {}\n", what, to_hex(digest_of_file(path)));
}

}  // namespace

std::string run_manifest(const Workbench& bench, const std::vector<Prompt>& prompts) {
  std::string text = fmt::format("wean verify run, version {}\nweights: {}\nshift: {}\n", version(),
                                 to_hex(bench.pipeline.identity().weights), bench.shift) +
                     settings(bench);
  for (const auto& masks : bench.masks) text += digest_line("masks", masks->file().path());
  text += digest_line("embeddings", bench.options.embeddings);
  text += digest_line("initial latents", bench.options.initial_latents);
  for (const Prompt& prompt : prompts) text += "prompt: " + to_hex(prompt.digest) + "\n";
  return text;
}

}  // namespace wean::verify
