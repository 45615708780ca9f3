// Small shards for tests: two layers, two heads, 40 tokens in blocks of 16 (ragged), two phases of one step each.
#pragma once
#include <filesystem>
#include <random>
#include <string>

#include "common/base/digest.h"
#include "schemas/profile/shard.h"

namespace wean::test {

inline ProfileMeta run_meta() {
  ProfileMeta meta;
  meta.tool_version = "test";
  meta.model = {"wan2.1-t2v", 1, 2, 2, 8, sha256("w"), sha256("c"), sha256("q")};
  meta.recipe = {80, 64, 5, "unipc", 2, 3.0, 4.0, "float32", 0};
  meta.grid = {2, 4, 5};
  meta.block = 16;
  meta.sigmas = {1.0, 0.5};
  meta.phases = make_phases(meta.sigmas, 2);
  meta.branches = {Branch::kConditional};
  meta.sampled_rows = 4;
  return meta;
}

/// A slab whose query rows sum to their size, random otherwise.
inline ShardSlab random_slab(std::mt19937& random, std::uint32_t step) {
  const BlockGeometry g = run_meta().geometry();
  std::uniform_real_distribution<float> uniform(0.01f, 1.0f);
  ShardSlab slab;
  for (std::int64_t head = 0; head < 2; ++head) {
    for (std::int64_t u = 0; u < g.rows(); ++u) {
      std::vector<float> row(static_cast<std::size_t>(g.cols()));
      float sum = 0;
      for (float& x : row) sum += (x = uniform(random));
      for (const float x : row) slab.mass.push_back(x / sum * static_cast<float>(g.row_size(u)));
      for (std::int64_t v = 0; v < g.cols(); ++v) slab.removal_error.push_back(uniform(random));
      for (std::int64_t v = 0; v < (g.cols() + 1) / 2; ++v) slab.removal_error_wide.push_back(uniform(random));
    }
  }
  slab.rows = {1, 4, {step}, {1, 11, 21, 31}, std::vector<float>(2 * 4 * 3, 1.0f / 3)};
  return slab;
}

/// The shard of `prompt`, random but a function of the prompt.
inline void write_shard(const std::filesystem::path& path, const Digest& prompt, ProfileMeta meta = run_meta()) {
  meta.prompts = {prompt};
  std::mt19937 random(std::mt19937::result_type{prompt.front()});
  ShardWriter writer(path, meta, true);
  for (std::uint32_t phase = 0; phase < 2; ++phase) {
    for (std::uint32_t layer = 0; layer < 2; ++layer)
      writer.write({phase, Branch::kConditional, 0, layer}, random_slab(random, phase));
  }
  writer.finish();
}

}  // namespace wean::test
