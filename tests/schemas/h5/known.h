// Files whose every number follows from formulas that tests/oracle/h5_known.py repeats. Also the golden files.
#pragma once
#include <filesystem>

#include "schemas/plan/plan.h"
#include "schemas/profile/shard.h"

namespace wean::testing {

/// 2 phases of 2 and 1 steps, 2 branches, 2 layers, 3 heads, 42 tokens in blocks of 16, 2 prompts.
[[nodiscard]] ProfileMeta known_meta();
[[nodiscard]] ProfileSlab known_slab(const ProfileMeta& meta, const SlabKey& key);
[[nodiscard]] ShardSlab known_shard_slab(const ProfileMeta& meta, const SlabKey& key);

void write_known_profile(const std::filesystem::path& path);
/// The shard of the first prompt.
void write_known_shard(const std::filesystem::path& path);
/// example_plan().
void write_known_plan(const std::filesystem::path& path);

/// Reads a file of any kind and writes its content again.
void rewrite(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace wean::testing
