// Shapes and places of the datasets of profiles and shards.
#include <sstream>

#include "schemas/profile/slab_file.h"

namespace wean {
namespace {

struct Extents {
  std::uint64_t heads, rows, cols, wide, sampled;
};

Extents extents_of(const ProfileMeta& meta) {
  const BlockGeometry geometry = meta.geometry();
  const auto cols = static_cast<std::uint64_t>(geometry.cols());
  return {meta.model.heads, static_cast<std::uint64_t>(geometry.rows()), cols, (cols + 1) / 2, meta.sampled_rows};
}

h5::Shape outer_dims(const ProfileMeta& meta, bool by_step) {
  const std::uint64_t branches = meta.branches.size();
  if (by_step) return {branches, meta.model.experts, meta.model.layers, meta.recipe.steps};
  return {meta.phases.size(), branches, meta.model.experts, meta.model.layers};
}

}  // namespace

std::vector<SlabArray> profile_arrays(const ProfileMeta& meta) {
  const Extents e = extents_of(meta);
  const h5::Shape map = {e.heads, e.rows, e.cols};
  return {{"mass", h5::Type::kF32, map, 2},
          {"mass_square", h5::Type::kF32, map, 2},
          {"threshold_row", h5::Type::kF32, map, 2},
          {"threshold_map", h5::Type::kF32, map, 2},
          {"removal_error", h5::Type::kF32, map, 2},
          {"removal_error_wide", h5::Type::kF32, {e.heads, e.rows, e.wide}, 2},
          {"rows_token", h5::Type::kU32, {e.sampled}, 1, true},
          {"rows_mass", h5::Type::kF32, {e.heads, e.sampled, e.cols}, 3, true}};
}

std::vector<SlabArray> shard_arrays(const ProfileMeta& meta) {
  const Extents e = extents_of(meta);
  const h5::Shape map = {e.heads, e.rows, e.cols};
  return {{"mass", h5::Type::kU16, map, 2},
          {"mass_scale", h5::Type::kI8, {e.heads}, 1},
          {"removal_error", h5::Type::kU16, map, 2},
          {"removal_error_scale", h5::Type::kI8, {e.heads}, 1},
          {"removal_error_wide", h5::Type::kU16, {e.heads, e.rows, e.wide}, 2},
          {"removal_error_wide_scale", h5::Type::kI8, {e.heads}, 1},
          {"rows_token", h5::Type::kU32, {e.sampled}, 1, true},
          {"rows_mass", h5::Type::kU16, {e.heads, e.sampled, e.cols}, 3, true}};
}

h5::DatasetSpec dataset_of(const ProfileMeta& meta, const SlabArray& array) {
  h5::DatasetSpec spec{array.name, array.type, outer_dims(meta, array.by_step), {}};
  spec.dims.insert(spec.dims.end(), array.inner.begin(), array.inner.end());
  spec.chunk = spec.dims;
  std::fill(spec.chunk.begin(), spec.chunk.end() - static_cast<std::ptrdiff_t>(array.chunk_rank), 1);
  return spec;
}

h5::Region region_of(const ProfileMeta& meta, const SlabArray& array, const SlabKey& key) {
  h5::Region region;
  const std::uint64_t branch = branch_index(meta, key.branch);
  if (array.by_step) {
    region.offset = {branch, key.expert, key.layer, first_step(meta, key.phase)};
    region.count = {1, 1, 1, meta.phases[key.phase].steps};
  } else {
    region.offset = {key.phase, branch, key.expert, key.layer};
    region.count = {1, 1, 1, 1};
  }
  region.offset.resize(4 + array.inner.size(), 0);
  region.count.insert(region.count.end(), array.inner.begin(), array.inner.end());
  return region;
}

std::string to_string(const SlabKey& key) {
  std::ostringstream text;
  text << "(phase " << key.phase << ", " << to_string(key.branch) << ", expert " << key.expert << ", layer "
       << key.layer << ")";
  return text.str();
}

void check_key(const ProfileMeta& meta, const SlabKey& key, const std::string& where) {
  const bool known = key.phase < meta.phases.size() && branch_index(meta, key.branch) < meta.branches.size() &&
                     key.expert < meta.model.experts && key.layer < meta.model.layers;
  require(known, ErrorCode::kUsage, where, ": no slab ", to_string(key), "; it has ", meta.phases.size(), " phases, ",
          meta.branches.size(), " branches, ", meta.model.experts, " experts, ", meta.model.layers, " layers");
}

std::size_t slab_index(const ProfileMeta& meta, const SlabKey& key) {
  const std::size_t branch = key.phase * meta.branches.size() + branch_index(meta, key.branch);
  return (branch * meta.model.experts + key.expert) * meta.model.layers + key.layer;
}

std::size_t slab_count(const ProfileMeta& meta) {
  return meta.phases.size() * meta.branches.size() * meta.model.experts * meta.model.layers;
}

std::vector<SlabKey> all_keys(const ProfileMeta& meta) {
  std::vector<SlabKey> keys;
  for (std::uint32_t phase = 0; phase < meta.phases.size(); ++phase)
    for (const Branch branch : meta.branches)
      for (std::uint32_t expert = 0; expert < meta.model.experts; ++expert)
        for (std::uint32_t layer = 0; layer < meta.model.layers; ++layer)
          keys.push_back({phase, branch, expert, layer});
  return keys;
}

}  // namespace wean
