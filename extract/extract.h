// wean-extract as a library: samples a checkpoint with dense attention and writes its statistics, one shard a prompt.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/base/progress.h"
#include "models/pipeline.h"
#include "schemas/profile/profile.h"

namespace wean::extract {

/// Inputs of a run, as the command line gives them.
struct ExtractOptions {
  std::filesystem::path model;
  std::filesystem::path prompts;
  std::filesystem::path output;      ///< profile.h5; shards lie in "<output>.shards/"
  std::filesystem::path embeddings;  ///< safetensors with prompt embeddings instead of the text encoder; may be empty
  models::ClipSize size{832, 480, 81};
  std::uint32_t steps = 50;
  double guidance = 5.0;
  double shift = 0;                        ///< 0 = the checkpoint's
  std::optional<models::Sampler> sampler;  ///< empty = the one that the checkpoint names
  models::LoadOptions load;                ///< device, precision, threads
  std::uint32_t phases = 8;
  std::uint32_t block = 0;  ///< 0 = auto: 64 when shards and profile fit `disk_budget`, else 128
  std::uint64_t disk_budget = std::uint64_t{50} * 1000 * 1000 * 1000;
  bool unconditional = false;  ///< profile the unconditional branch as well
  std::uint64_t seed = 0;
  std::uint32_t shard_index = 0;  ///< this process takes the prompts with number % shard_count == shard_index
  std::uint32_t shard_count = 1;
  bool resume = false;
  bool force = false;
  std::uint64_t chunk_bytes = std::uint64_t{256}
                              << 20;  ///< bound on what one attention call holds beside copies of q, k and v
};

/// What a run will take. Bytes are those of the arrays (files add headers, less than 5 % but for tiny grids); seconds
/// come from one dense and one profiled model pass.
struct ExtractEstimate {
  std::uint32_t block = 0;
  double seconds = 0;
  double dense_seconds = 0;       ///< the same sampling without statistics
  std::uint64_t shard_bytes = 0;  ///< one shard
  std::uint64_t profile_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< accumulators and temporaries, beside model and sampling
  std::filesystem::path model;     ///< what was loaded: of a hub cache's outer folder the snapshot
};

/// What a run did.
struct ExtractReport {
  ProfileMeta meta;  ///< prompts: those of the whole run
  std::filesystem::path shard_folder;
  std::filesystem::path model;  ///< what was loaded: of a hub cache's outer folder the snapshot
  std::uint32_t shards_written = 0, shards_found = 0, shards_missing = 0;
  bool merged = false;  ///< the profile was written (only a run with shard_count 1 merges by itself)
  double seconds = 0;
};

/// Throws kUsage naming the option, its value and what is allowed.
void validate(const ExtractOptions& options);
/// Measures and predicts; writes nothing.
[[nodiscard]] ExtractEstimate estimate(const ExtractOptions& options);
/// Does the work. Stops between model passes when a signal came: kStopped, finished shards are kept.
ExtractReport run(const ExtractOptions& options, const ProgressCallback& progress);

}  // namespace wean::extract
