// The profile is the reduction of its shards in prompt-digest order: any sharding, kill or order gives the same bytes.
#pragma once
#include <filesystem>
#include <vector>

#include "common/base/progress.h"
#include "schemas/profile/profile.h"

namespace wean::extract {

/// Reduces `shards` (one prompt each, any order) to a profile at `output`, one slab at a time in bounded memory: sums
/// of mass, its square and removal errors in double, minima of WEST ranks, and the row sample of the lowest prompt
/// digest. Throws kResume naming both files and the field when shards differ in model, grid, recipe or phases, or hold
/// the same prompt; kUsage when `shards` is empty, kLocked when another process writes `output`,
/// kStopped between slabs. Returns the meta of the profile.
ProfileMeta merge_shards(std::vector<std::filesystem::path> shards, const std::filesystem::path& output, bool overwrite,
                         const ProgressCallback& progress);

/// What merging will take: time from reducing one slab, memory of one slab over all shards.
struct MergeEstimate {
  double seconds = 0;
  std::uint64_t memory_bytes = 0, profile_bytes = 0;
};
[[nodiscard]] MergeEstimate estimate_merge(const std::vector<std::filesystem::path>& shards);

/// Every published shard in the folders, sorted by name. Throws kIo when a folder cannot be read, kUsage when it has
/// none.
[[nodiscard]] std::vector<std::filesystem::path> list_shards(const std::vector<std::filesystem::path>& folders);

}  // namespace wean::extract
