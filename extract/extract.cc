#include "extract/extract.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/prompts.h"
#include "common/base/stop.h"
#include "extract/merge.h"
#include "extract/profiling_attention.h"
#include "extract/run_folder.h"
#include "extract/session.h"

namespace wean::extract {
namespace {

constexpr std::uint64_t kLeastChunk = std::uint64_t{1} << 20, kMostBytes = std::uint64_t{1} << 50;
constexpr const char* kResumeHint = "finished prompts are kept; the same command with --resume goes on";

/// Samples one prompt with statistics and publishes its shard.
void profile_prompt(const Session& session, const Prompt& prompt, const std::filesystem::path& path,
                    const ProgressCallback& on_step) {
  ProfileMeta meta = session.meta;
  meta.prompts = {prompt.digest};
  ShardWriter shard(path, meta, false);
  ProfilingAttention attention(session.profiling(prompt), shard);
  const models::SampleRequest request = session.request(prompt);
  const std::uint64_t passes = session.passes();
  std::uint64_t done = 0;
  const auto on_pass = [&](std::uint32_t step, Branch) {
    throw_if_stopped(kResumeHint);
    if (on_step) on_step({++done, passes, "step " + std::to_string(step + 1) + "/" + std::to_string(request.steps)});
  };
  (void)session.pipeline.sample(request, attention, on_pass);
  attention.finish();
  shard.finish();
}

/// The prompts of this process, in file order.
std::vector<std::size_t> own_prompts(const ExtractOptions& options, std::size_t count) {
  std::vector<std::size_t> own;
  for (std::size_t i = options.shard_index; i < count; i += options.shard_count) own.push_back(i);
  return own;
}

/// Reports a prompt's steps as steps of all that is left to do, so that the ETA is not fooled by what was there.
ProgressCallback within(const ProgressCallback& outer, std::size_t index, std::size_t count) {
  if (!outer) return {};
  return [outer, index, count](const ProgressEvent& event) {
    outer({index * event.total + event.done, count * event.total,
           "prompt " + std::to_string(index + 1) + "/" + std::to_string(count) + " " + event.detail});
  };
}

void write_shards(const Session& session, const RunFolder& folder, ExtractReport& report,
                  const ProgressCallback& progress) {
  std::vector<std::size_t> missing;
  for (const std::size_t i : own_prompts(session.options, session.prompts.size())) {
    const bool there = folder.has_shard(session.prompts[i].digest);
    if (there) ++report.shards_found;
    if (!there) missing.push_back(i);
  }
  if (progress) progress({0, missing.size() * session.passes(), "loaded " + session.pipeline.path().string()});
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const Prompt& prompt = session.prompts[missing[i]];
    throw_if_stopped(kResumeHint);
    folder.remove_leftovers(prompt.digest);
    profile_prompt(session, prompt, folder.shard_path(prompt.digest), within(progress, i, missing.size()));
    ++report.shards_written;
  }
}

}  // namespace

void validate(const ExtractOptions& o) {
  const auto check = [](bool ok, auto&&... parts) { require(ok, ErrorCode::kUsage, parts...); };
  check(o.size.width > 0 && o.size.height > 0 && o.size.frames > 0, "--size/--frames: all must be positive");
  check(o.steps >= 1 && o.steps <= 1000, "--steps ", o.steps, ": allowed are 1 to 1000");
  check(o.phases >= 1 && o.phases <= o.steps, "--phases ", o.phases, ": allowed are 1 to the number of steps, ",
        o.steps);
  check(o.block == 0 || (o.block >= 16 && o.block <= 1024 && std::has_single_bit(o.block)), "--block ", o.block,
        ": allowed are auto and the powers of two from 16 to 1024");
  check(o.shard_count >= 1 && o.shard_index < o.shard_count, "--shard ", o.shard_index, "/", o.shard_count,
        ": allowed are 0/n to n-1/n");
  check(std::isfinite(o.guidance) && o.guidance >= 1, "--guidance ", o.guidance,
        ": allowed is 1 (no unconditional pass) and above");
  check(o.shift >= 0 && o.shift <= 1000, "--shift ", o.shift,
        ": allowed are values up to 1000, and 0 for the checkpoint's own");
  check(o.chunk_bytes >= kLeastChunk && o.chunk_bytes <= kMostBytes, "--chunk-memory ", o.chunk_bytes, ": allowed are ",
        kLeastChunk, " to ", kMostBytes, " bytes");
  check(o.disk_budget <= kMostBytes, "--disk ", o.disk_budget, ": allowed are up to ", kMostBytes, " bytes");
  check(!o.unconditional || o.guidance > 1,
        "--branches both: needs --guidance above 1, else there is no unconditional pass");
}

ExtractReport run(const ExtractOptions& options, const ProgressCallback& progress) {
  validate(options);
  const auto start = std::chrono::steady_clock::now();
  const bool merges = options.shard_count == 1;
  if (merges) check_output(options.output, options.force ? Overwrite::kReplace : Overwrite::kRefuse);
  const Session session = open_session(options);
  const RunFolder folder(options, session.meta, session.text());
  ExtractReport report{session.meta, folder.path(), session.pipeline.path(), 0, 0, 0, false, 0};
  write_shards(session, folder, report, progress);
  std::vector<std::filesystem::path> shards;
  for (const Prompt& prompt : session.prompts) {
    const std::filesystem::path path = folder.shard_path(prompt.digest);
    if (std::filesystem::exists(path)) shards.push_back(path);
  }
  report.shards_missing = static_cast<std::uint32_t>(session.prompts.size() - shards.size());
  if (merges) {
    report.meta = merge_shards(shards, options.output, options.force, progress);
    report.merged = true;
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace wean::extract
