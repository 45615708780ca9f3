#include "extract/options.h"

#include <charconv>

#include "common/base/error.h"
#include "common/cli/choice.h"
#include "common/cli/number.h"

namespace wean::extract {
namespace {

using models::Device;
using models::Precision;
using models::Sampler;

/// Parses "A<separator>B" into two whole numbers.
std::pair<std::int64_t, std::int64_t> two_numbers(const std::string& text, char separator, const char* option,
                                                  const char* allowed) {
  std::int64_t a = 0;
  std::int64_t b = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, a);
  bool ok = first.ec == std::errc() && first.ptr != end && *first.ptr == separator;
  if (ok) {
    const auto second = std::from_chars(first.ptr + 1, end, b);
    ok = second.ec == std::errc() && second.ptr == end;
  }
  require(ok && a >= 0 && b >= 0, ErrorCode::kUsage, option, " '", text, "': allowed is ", allowed);
  return {a, b};
}

void declare_sampling(CLI::App& app, CommandLine& line) {
  ExtractOptions& o = line.extract;
  app.add_option("--size", line.size, "Clip size in pixels, WIDTHxHEIGHT")->capture_default_str();
  app.add_option("--frames", o.size.frames, "Pixel frames")->check(cli::whole_number(1, 1'000'000))->type_name("N");
  app.add_option("--steps", o.steps, "Sampling steps")->check(cli::whole_number(1, 1000))->type_name("N");
  app.add_option("--guidance", o.guidance, "Classifier-free guidance scale");
  app.add_option("--shift", o.shift, "Flow shift; 0 = the checkpoint's own")->capture_default_str();
  cli::add_choice<std::optional<Sampler>>(
      app, "--sampler", o.sampler, {{"auto", std::nullopt}, {"unipc", Sampler::kUniPc}, {"euler", Sampler::kEuler}},
      "Solver; auto: the checkpoint's own");
  app.add_option("--seed", o.seed, "Run seed; each prompt's noise follows from it and the prompt")
      ->check(cli::whole_number())
      ->type_name("N");
  app.add_option("--embeddings", o.embeddings, "Prompt embeddings (safetensors) instead of the text encoder");
}

void declare_machine(CLI::App& app, CommandLine& line) {
  ExtractOptions& o = line.extract;
  cli::add_choice(app, "--device", o.load.device, {{"cpu", Device::kCpu}, {"cuda", Device::kCuda}},
                  "Where sampling runs");
  cli::add_choice(app, "--dtype", o.load.precision,
                  {{"float32", Precision::kFloat32}, {"bfloat16", Precision::kBfloat16}}, "Type of the weights");
  app.add_option("--threads", o.load.threads, "CPU threads; 0 = all. Does not change the result")
      ->check(cli::whole_number(0, 1024))
      ->type_name("N");
  app.add_option("--chunk-memory", o.chunk_bytes, "Bound on what one attention call holds beside copies of q, k and v")
      ->transform(CLI::AsSizeValue(true))
      ->type_name("BYTES")
      ->default_str("256MiB");
  app.add_option("--head-dim", o.load.head_dim, "Only for single files without a config; 0 = 128")
      ->check(cli::whole_number(0, 1024))
      ->type_name("N");
}

void declare_statistics(CLI::App& app, CommandLine& line) {
  ExtractOptions& o = line.extract;
  app.add_option("--phases", o.phases, "Sigma phases with equal step counts")
      ->check(cli::whole_number(1, 1000))
      ->type_name("N");
  app.add_option("--block", line.block, "Base block in tokens: auto or a power of two from 16 to 1024")
      ->capture_default_str();
  app.add_option("--disk", o.disk_budget, "Disk budget that --block auto keeps to")
      ->transform(CLI::AsSizeValue(true))
      ->type_name("BYTES")
      ->default_str("50GB");
  cli::add_choice(app, "--branches", o.unconditional, {{"cond", false}, {"both", true}},
                  "Guidance branches to profile");
  app.add_flag("--resume", o.resume, "Continue an earlier run of the same command: finished prompts are kept");
  app.add_option("--shard", line.shard, "i/n: take the prompts with number % n == i and leave merging to 'merge'")
      ->capture_default_str();
}

void declare_merge(CLI::App& app, CommandLine& line) {
  CLI::App* merge = app.add_subcommand("merge", "Join the shards of several runs into one profile");
  merge->add_option("folders", line.merge_folders, "Shard folders (profile.h5.shards)")
      ->required()
      ->check(CLI::ExistingDirectory);
  merge->add_option("-o,--output", line.merge_output, "Profile to write")->required();
  merge->add_flag("--partial", line.merge_partial, "Merge although prompts of the runs have no shard yet")
      ->always_capture_default(false);
  cli::add_common_options(*merge, line.common);
  merge->callback([&line] { line.merge = true; });
}

}  // namespace

void declare(CLI::App& app, CommandLine& line) {
  ExtractOptions& o = line.extract;
  app.add_option("MODEL", o.model, "Checkpoint: diffusers folder, original Wan folder, or single safetensors file");
  app.add_option("-o,--output", o.output, "Profile to write; shards lie in OUTPUT.shards/");
  app.add_option("--prompts", o.prompts, "Text file, one calibration prompt a line");
  declare_sampling(app, line);
  declare_machine(app, line);
  declare_statistics(app, line);
  cli::add_common_options(app, line.common);
  declare_merge(app, line);
}

void resolve(CommandLine& line) {
  ExtractOptions& o = line.extract;
  const auto given = [](const std::filesystem::path& path, const char* option) {
    require(!path.empty(), ErrorCode::kUsage, option, " is required");
  };
  given(o.model, "MODEL, the checkpoint,");
  given(o.output, "--output");
  given(o.prompts, "--prompts");
  std::tie(o.size.width, o.size.height) =
      two_numbers(line.size, 'x', "--size", "WIDTHxHEIGHT in pixels, such as 832x480");
  const auto [index, count] = two_numbers(line.shard, '/', "--shard", "i/n with i below n, such as 0/3");
  require(index < count && count <= 1'000'000, ErrorCode::kUsage, "--shard '", line.shard,
          "': allowed is i/n with i below n, such as 0/3");
  o.shard_index = static_cast<std::uint32_t>(index);
  o.shard_count = static_cast<std::uint32_t>(count);
  if (line.block != "auto") {
    const auto end = line.block.data() + line.block.size();
    const auto [stop, problem] = std::from_chars(line.block.data(), end, o.block);
    require(problem == std::errc() && stop == end && o.block != 0, ErrorCode::kUsage, "--block '", line.block,
            "': allowed are auto and the powers of two from 16 to 1024");
  }
  o.force = line.common.force;
  validate(o);
}

}  // namespace wean::extract
