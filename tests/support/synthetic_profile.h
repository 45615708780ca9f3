// Profiles of an invented model for tests: small, consistent, deterministic. Attention is drawn at block level from a
// few kinds of heads (local, temporal band, diffuse, first-frame sink), values are block-constant, and every statistic
// follows schemas/profile.md by slow straightforward code. So masses, squares, thresholds, removal errors and sampled
// rows belong together as they do in a profile of a real model.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "schemas/profile/profile.h"
#include "schemas/profile/shard.h"

namespace wean::testing {

/// What to invent. Equal options give equal bytes.
struct SyntheticOptions {
  std::uint32_t layers = 2, heads = 4, experts = 1;
  Grid grid = {4, 5, 8};
  std::uint32_t block = 16;
  std::uint32_t phases = 3, steps = 7, prompts = 3, sampled_rows = 4;
  std::vector<Branch> branches = {Branch::kConditional};
  std::uint64_t seed = 1;
};

/// Meta of a profile; sigmas follow the flow schedule with shift 3.
[[nodiscard]] ProfileMeta synthetic_meta(const SyntheticOptions& options);
/// Meta of the shard of prompt `prompt` (index into meta.prompts).
[[nodiscard]] ProfileMeta shard_meta(const ProfileMeta& meta, std::size_t prompt);

/// One prompt's statistics of one slab. `prompt` indexes meta.prompts.
[[nodiscard]] ShardSlab synthetic_shard_slab(const ProfileMeta& meta, std::size_t prompt, const SlabKey& key);

/// Reduction of one slab's shards, in the order of the prompts: sums in double, thresholds by sorting. Slow reference.
[[nodiscard]] ProfileSlab reduce_shards(const ProfileMeta& meta, std::span<const ShardSlab> shards);

/// reduce_shards of all prompts.
[[nodiscard]] ProfileSlab synthetic_slab(const ProfileMeta& meta, const SlabKey& key);

/// Writes a whole profile, and returns its meta.
ProfileMeta write_synthetic_profile(const std::filesystem::path& path, const SyntheticOptions& options);
/// Writes the shard of one prompt.
void write_synthetic_shard(const std::filesystem::path& path, const ProfileMeta& meta, std::size_t prompt);

}  // namespace wean::testing
