#include <fmt/format.h>

#include "common/base/error.h"
#include "common/cli/json.h"
#include "common/cli/progress.h"
#include "common/cli/units.h"
#include "extract/merge.h"
#include "extract/options.h"
#include "extract/run_folder.h"

namespace wean::extract {
namespace {

std::string describe(const ProfileMeta& meta) {
  return fmt::format("{} layers x {} heads, grid {} ({} tokens), {} phases, blocks of {}, {} prompts",
                     meta.model.layers, meta.model.heads, to_string(meta.grid), meta.grid.tokens(), meta.phases.size(),
                     meta.block, meta.prompts.size());
}

std::string render(const ExtractEstimate& e, bool json) {
  if (json) {
    cli::Json out = cli::Json::object();
    out.set("model", e.model.string())
        .set("block", e.block)
        .set("seconds", e.seconds)
        .set("dense_seconds", e.dense_seconds)
        .set("shard_bytes", e.shard_bytes);
    out.set("profile_bytes", e.profile_bytes).set("memory_bytes", e.memory_bytes);
    return out.dump();
  }
  return fmt::format(
      "model    {}\ntime     {} (plain dense sampling: {})\nmemory   {} beside model and sampling\ndisk     {} a "
      "prompt, {} for the "
      "profile\nblock    {} tokens\n",
      e.model.string(), cli::format_seconds(e.seconds), cli::format_seconds(e.dense_seconds),
      cli::format_bytes(static_cast<double>(e.memory_bytes)), cli::format_bytes(static_cast<double>(e.shard_bytes)),
      cli::format_bytes(static_cast<double>(e.profile_bytes)), e.block);
}

std::string render(const ExtractReport& r, const std::filesystem::path& output, bool json) {
  if (json) {
    cli::Json out = cli::Json::object();
    out.set("model", r.model.string())
        .set("profile", r.merged ? cli::Json(output.string()) : cli::Json())
        .set("shards", r.shard_folder.string());
    out.set("written", r.shards_written)
        .set("found", r.shards_found)
        .set("missing", r.shards_missing)
        .set("seconds", r.seconds);
    return out.dump();
  }
  const std::string head =
      fmt::format("{}\n{} shards written, {} found, {} missing, {}\n", describe(r.meta), r.shards_written,
                  r.shards_found, r.shards_missing, cli::format_seconds(r.seconds));
  if (r.merged)
    return head + fmt::format("wrote {}; next: wean-calibrate '{}' --density 0.45 -o plan.h5\n", output.string(),
                              output.string());
  return head + fmt::format("when no shard is missing: wean-extract merge '{}' -o '{}'\n", r.shard_folder.string(),
                            output.string());
}

std::string render_merge_estimate(const CommandLine& line, const std::vector<std::filesystem::path>& shards) {
  const MergeEstimate e = estimate_merge(shards);
  if (line.common.json)
    return cli::Json::object()
        .set("shards", shards.size())
        .set("profile_bytes", e.profile_bytes)
        .set("memory_bytes", e.memory_bytes)
        .set("seconds", e.seconds)
        .dump();
  return fmt::format("time     about {}\nmemory   {}\ndisk     {} for {}, from {} shards\n",
                     cli::format_seconds(e.seconds), cli::format_bytes(static_cast<double>(e.memory_bytes)),
                     cli::format_bytes(static_cast<double>(e.profile_bytes)), line.merge_output.string(),
                     shards.size());
}

std::string execute_merge(const CommandLine& line) {
  const std::vector<std::filesystem::path> shards = list_shards(line.merge_folders);
  const std::vector<std::string> missing = missing_prompts(line.merge_folders);
  require(missing.empty() || line.merge_partial, ErrorCode::kResume, missing.size(),
          " prompts of the runs have no shard yet, such as ", missing.empty() ? "" : missing.front(),
          "; finish the runs, or give --partial");
  if (line.common.dry_run) return render_merge_estimate(line, shards);
  cli::Progress progress("merge", shards.size(), line.common.quiet);
  const ProfileMeta meta = merge_shards(shards, line.merge_output, line.common.force, progress.callback());
  progress.finish();
  if (!line.common.json) return fmt::format("{}\nwrote {}\n", describe(meta), line.merge_output.string());
  return cli::Json::object().set("profile", line.merge_output.string()).set("prompts", meta.prompts.size()).dump();
}

}  // namespace

std::string execute(CommandLine& line) {
  if (line.merge) return execute_merge(line);
  resolve(line);
  if (line.common.dry_run) return render(estimate(line.extract), line.common.json);
  cli::Progress progress("extract", 1, line.common.quiet);
  const ExtractReport report = run(line.extract, progress.callback());
  progress.finish();
  return render(report, line.extract.output, line.common.json);
}

}  // namespace wean::extract
