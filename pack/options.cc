#include "pack/options.h"

#include <CLI/CLI.hpp>

#include "common/base/error.h"

namespace wean::pack {

void declare_options(CLI::App& app, PackOptions& options) {
  app.add_option("plan", options.plan, "plan.h5 of wean-calibrate")->required()->type_name("PLAN");
  app.add_option("--profile", options.profile, "profile.h5 that the plan was made from")
      ->required()
      ->type_name("PROFILE");
  app.add_option("-o,--output", options.output, "mask file to write (.wean); not needed with --dry-run")
      ->type_name("FILE");
  app.add_option("--size", options.size, "video size in pixels the masks are for [profile's]")
      ->type_name("WIDTHxHEIGHT");
  app.add_option("--frames", options.frames, "video length in frames the masks are for [profile's]")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->type_name("N");
  app.add_option("--grid", options.grid, "token grid the masks are for, instead of --size and --frames")
      ->type_name("TxHxW");
  app.add_option("--block", options.block, "tokens of a query block and of a key block, such as 128x64 [profile's]")
      ->type_name("QUERYxKEY");
  app.add_option(
         "--transfer", options.transfer,
         "scores: carry scores, rank at the target, keep the planned share; paper: cut at the profile's blocks, "
         "then OR and ceil-bilinear the bits, which raises g")
      ->check(CLI::IsMember({"scores", "paper"}))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "threads; 0: all; the bytes do not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  cli::add_common_options(app, options.common);
}

PackRequest validate(const PackOptions& options) {
  require(!options.output.empty() || options.common.dry_run, ErrorCode::kUsage,
          "-o is missing: the mask file to write (or --dry-run)");
  require(options.transfer == "scores" || options.transfer == "paper", ErrorCode::kUsage, "--transfer '",
          options.transfer, "': allowed are scores and paper");
  PackRequest request;
  request.plan = options.plan;
  request.profile = options.profile;
  request.output = options.output;
  request.overwrite = options.common.force;
  request.dry_run = options.common.dry_run;
  request.transfer = options.transfer == "paper" ? Transfer::kPaper : Transfer::kScores;
  request.threads = options.threads;
  if (!options.size.empty()) request.target.size = parse_size(options.size, "--size");
  request.target.frames = options.frames;
  if (!options.grid.empty()) request.target.grid = parse_grid(options.grid, "--grid");
  if (!options.block.empty()) request.target.block = parse_block(options.block, "--block");
  require(!request.target.grid || (!request.target.size && !request.target.frames), ErrorCode::kUsage,
          "--grid excludes --size and --frames: both say how many tokens there are");
  return request;
}

}  // namespace wean::pack
