#include "tests/schemas/h5/known.h"

#include "schemas/profile/code16.h"
#include "schemas/profile/kind.h"
#include "tests/schemas/plan/example_plan.h"

namespace wean::testing {
namespace {

using Index = std::uint64_t;

/// Weight of one block of the row (h, u) in slab k.
double weight(Index k, Index h, Index u, Index v) {
  return static_cast<double>(1 + (37 * k + 11 * h + 5 * u + 3 * v) % 16);
}

/// `total` shared among `cols` blocks by weight, appended to `values`.
void append_shares(Index k, Index h, Index u, Index cols, double total, std::vector<float>& values) {
  double sum = 0;
  for (Index v = 0; v < cols; ++v) sum += weight(k, h, u, v);
  for (Index v = 0; v < cols; ++v) values.push_back(static_cast<float>(total * weight(k, h, u, v) / sum));
}

Index index_of(const ProfileMeta& meta, const SlabKey& key) {
  return (key.phase * meta.branches.size() + static_cast<Index>(key.branch)) * meta.model.layers + key.layer;
}

std::vector<float> mass_of(const ProfileMeta& meta, Index k) {
  const BlockGeometry geometry = meta.geometry();
  std::vector<float> mass;
  for (Index h = 0; h < meta.model.heads; ++h) {
    for (Index u = 0; u < static_cast<Index>(geometry.rows()); ++u) {
      const auto rows = static_cast<double>(geometry.row_size(static_cast<std::int64_t>(u)));
      const double total = rows * static_cast<double>(meta.prompts.size());
      append_shares(k, h, u, static_cast<Index>(geometry.cols()), total, mass);
    }
  }
  return mass;
}

std::vector<float> error_of(const ProfileMeta& meta, Index k, Index cols) {
  std::vector<float> error;
  for (Index h = 0; h < meta.model.heads; ++h) {
    for (Index u = 0; u < static_cast<Index>(meta.geometry().rows()); ++u) {
      for (Index v = 0; v < cols; ++v) {
        const double w = weight(k, h, u, v);
        const bool zero = (k + h + u + v) % 7 == 0;
        const bool undroppable = k % 2 == 1 && h == 2 && u == 0 && v == 1;
        const auto value = static_cast<float>(w * w / 48 * static_cast<double>(Index{1} << (10 * h)));
        error.push_back(undroppable ? kUndroppable : zero ? 0.0F : value);
      }
    }
  }
  return error;
}

/// (1 + (k + 7 h + cols u + v) % n) / n
std::vector<float> threshold_of(const ProfileMeta& meta, Index k, Index n) {
  std::vector<float> threshold;
  const auto cols = static_cast<Index>(meta.geometry().cols());
  for (Index h = 0; h < meta.model.heads; ++h)
    for (Index u = 0; u < static_cast<Index>(meta.geometry().rows()); ++u)
      for (Index v = 0; v < cols; ++v)
        threshold.push_back(
            static_cast<float>(static_cast<double>(1 + (k + 7 * h + cols * u + v) % n) / static_cast<double>(n)));
  return threshold;
}

RowSample rows_of(const ProfileMeta& meta, const SlabKey& key) {
  const auto cols = static_cast<Index>(meta.geometry().cols());
  RowSample rows{meta.phases[key.phase].steps, meta.sampled_rows, {}, {}, {}};
  for (std::uint32_t s = 0; s < rows.steps; ++s) {
    const std::uint32_t step = s + (key.phase == 0 ? 0 : meta.phases[0].steps);
    rows.step.push_back(step);
    for (std::uint32_t i = 0; i < rows.rows; ++i) rows.token.push_back((5 * step + 20 * i + key.layer) % 42);
    for (Index h = 0; h < meta.model.heads; ++h)
      for (Index i = 0; i < rows.rows; ++i) append_shares(step + key.layer, h, i, cols, 1.0, rows.mass);
  }
  return rows;
}

Digest counting_digest(std::uint8_t first) {
  Digest digest;
  for (std::uint8_t& byte : digest) byte = first++;
  return digest;
}

template <typename Writer, typename Meta, typename Slab>
void write_all(const std::filesystem::path& path, const Meta& meta, Slab&& slab) {
  Writer writer(path, meta, true);
  for (const SlabKey& key : all_keys(meta)) writer.write(key, slab(key));
  writer.finish();
}

ProfileSlab read_slab(const ProfileReader& reader, const SlabKey& key) {
  return {reader.mass(key),
          reader.mass_square(key),
          reader.threshold(key, TopkScope::kRow),
          reader.threshold(key, TopkScope::kMap),
          reader.removal_error(key, 1),
          reader.removal_error(key, 2),
          reader.rows(key)};
}

}  // namespace

ProfileMeta known_meta() {
  ProfileMeta meta;
  meta.tool_version = "0.1.0";
  meta.model = {"known", 1, 2, 3, 64, counting_digest(0), counting_digest(32), counting_digest(64)};
  meta.recipe = {112, 48, 5, "euler", 3, 3.0, 5.0, "float32", 0xFEDCBA9876543210};
  meta.grid = {2, 3, 7};
  meta.block = 16;
  meta.sigmas = {1.0, 0.75, 0.25};
  meta.phases = {{1.0, 0.5, 2}, {0.5, 0.0, 1}};
  meta.branches = {Branch::kConditional, Branch::kUnconditional};
  meta.sampled_rows = 2;
  meta.prompts = {counting_digest(0x11), counting_digest(0x22)};
  return meta;
}

ProfileSlab known_slab(const ProfileMeta& meta, const SlabKey& key) {
  const Index k = index_of(meta, key);
  ProfileSlab slab;
  slab.mass = mass_of(meta, k);
  for (const double mass : slab.mass) slab.mass_square.push_back(static_cast<float>(mass * mass / 2));
  slab.threshold_row = threshold_of(meta, k, static_cast<Index>(meta.geometry().cols()));
  slab.threshold_map = threshold_of(meta, k, static_cast<Index>(meta.geometry().pairs()));
  slab.removal_error = error_of(meta, k, static_cast<Index>(meta.geometry().cols()));
  slab.removal_error_wide = error_of(meta, k, (static_cast<Index>(meta.geometry().cols()) + 1) / 2);
  slab.rows = rows_of(meta, key);
  return slab;
}

ShardSlab known_shard_slab(const ProfileMeta& meta, const SlabKey& key) {
  const ProfileSlab slab = known_slab(meta, key);
  return {slab.mass, slab.removal_error, slab.removal_error_wide, slab.rows};
}

void write_known_profile(const std::filesystem::path& path) {
  const ProfileMeta meta = known_meta();
  write_all<ProfileWriter>(path, meta, [&](const SlabKey& key) { return known_slab(meta, key); });
}

void write_known_shard(const std::filesystem::path& path) {
  ProfileMeta meta = known_meta();
  meta.prompts.resize(1);
  write_all<ShardWriter>(path, meta, [&](const SlabKey& key) { return known_shard_slab(meta, key); });
}

void write_known_plan(const std::filesystem::path& path) { write_plan(path, example_plan(), true); }

void rewrite(const std::filesystem::path& from, const std::filesystem::path& to) {
  const H5Kind kind = h5_kind(from);
  if (kind == H5Kind::kPlan) {
    write_plan(to, read_plan(from), true);
  } else if (kind == H5Kind::kProfile) {
    const ProfileReader reader(from);
    write_all<ProfileWriter>(to, reader.meta(), [&](const SlabKey& key) { return read_slab(reader, key); });
  } else {
    const ShardReader reader(from);
    write_all<ShardWriter>(to, reader.meta(), [&](const SlabKey& key) { return reader.read(key); });
  }
}

}  // namespace wean::testing
