#include "verify/options.h"

#include "common/cli/choice.h"
#include "common/cli/number.h"

namespace wean::verify {
namespace {

using models::Device;
using models::Precision;
using models::Sampler;

void declare_sampling(CLI::App& app, VerifyOptions& o) {
  app.add_option("--steps", o.steps, "Sampling steps")->check(cli::whole_number(1, 1000))->type_name("N");
  app.add_option("--guidance", o.guidance, "Classifier-free guidance scale")->capture_default_str();
  app.add_option("--shift", o.shift, "Flow shift; 0 = the checkpoint's own")->capture_default_str();
  cli::add_choice<std::optional<Sampler>>(
      app, "--sampler", o.sampler, {{"auto", std::nullopt}, {"unipc", Sampler::kUniPc}, {"euler", Sampler::kEuler}},
      "Solver; auto: the checkpoint's own");
  app.add_option("--seed", o.seed, "Run seed; each clip's noise follows from it and the prompt")
      ->check(cli::whole_number())
      ->type_name("N");
  app.add_option("--seeds", o.seeds_per_prompt, "Noises a prompt; averaged before prompts are compared")
      ->check(cli::whole_number(1, 64))
      ->type_name("N");
  app.add_option("--limit", o.limit, "Only the first prompts; 0 = all")
      ->check(cli::whole_number(0, 1'000'000))
      ->type_name("N");
  app.add_option("--embeddings", o.embeddings, "Prompt embeddings (safetensors) instead of the text encoder");
  app.add_option(
      "--initial-latents", o.initial_latents,
      "Start from these latents (safetensors): 'initial.<clip>', the clip being prompt * SEEDS + noise from 0, "
      "or, with one noise a prompt, 'latents' for every clip");
  app.add_option("--save-latents", o.save_latents,
                 "Write latents (safetensors): initial.<clip>, dense.<clip>, sparse<mask>.<clip>");
}

void declare_machine(CLI::App& app, VerifyOptions& o) {
  cli::add_choice(app, "--device", o.load.device, {{"cpu", Device::kCpu}, {"cuda", Device::kCuda}},
                  "Where sampling runs");
  cli::add_choice(app, "--dtype", o.load.precision,
                  {{"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}}, "Type of the weights");
  app.add_option("--threads", o.load.threads, "CPU threads; 0 = all")
      ->check(cli::whole_number(0, 1024))
      ->type_name("N");
  app.add_option("--head-dim", o.load.head_dim, "Only for single files without a config; 0 = 128")
      ->check(cli::whole_number(0, 1024))
      ->type_name("N");
}

void declare_report(CLI::App& app, VerifyOptions& o) {
  app.add_flag("!--no-ceiling", o.ceiling, "Skip dense against dense with other rounding");
  app.add_flag("--floors", o.floors, "Also score a blurred clip, a clip held still and another seed");
  app.add_flag("!--no-recall", o.recall, "Skip the share of dense attention that falls on kept pairs");
  app.add_flag("!--latents-only", o.decode, "Do not decode: no pictures, no pixel metrics");
  app.add_option("--frames", o.frames, "Side-by-side PNG frames a clip")
      ->check(cli::whole_number(0, 1'000'000))
      ->type_name("N");
  app.add_flag("--clips", o.clips, "Also write y4m clips of dense and sparse");
  app.add_flag("--resume", o.resume, "Continue an earlier run of the same command: finished clips are kept");
  app.add_option("--allow-model", o.allow_model,
                 "Accept masks of another model: first 16 hex digits of their weights digest");
}

}  // namespace

void declare(CLI::App& app, CommandLine& line) {
  VerifyOptions& o = line.verify;
  app.add_option("MODEL", o.model, "Checkpoint: diffusers folder, original Wan folder, or single safetensors file")
      ->required();
  app.add_option("MASKS", o.masks, "Mask files; the others are compared with the first")->required();
  app.add_option("--prompts", o.prompts, "Text file, one held-out prompt a line")->required();
  app.add_option("-o,--output", o.output, "Folder for report.json, frames/ and clips/")->required();
  declare_sampling(app, o);
  declare_machine(app, o);
  declare_report(app, o);
  cli::add_common_options(app, line.common);
}

}  // namespace wean::verify
