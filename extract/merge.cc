#include "extract/merge.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/manifest.h"
#include "common/base/parallel.h"
#include "common/base/stop.h"
#include "extract/manifest.h"
#include "extract/session.h"
#include "extract/west.h"
#include "schemas/profile/shard.h"

namespace wean::extract {
namespace {

/// Sums in double until the slab is complete.
struct SlabSums {
  std::vector<double> mass, mass_square, error, error_wide;
  std::vector<float> threshold_row, threshold_map;
};

void add(std::vector<double>& sum, const std::vector<float>& values) {
  sum.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) sum[i] += static_cast<double>(values[i]);
}

void add_square(std::vector<double>& sum, const std::vector<float>& values) {
  sum.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    sum[i] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
}

/// Lowers `least` to the WEST ranks of one prompt. Heads are independent, so threads change nothing.
void lower_ranks(std::vector<float>& least, const std::vector<float>& mass, const BlockGeometry& geometry,
                 TopkScope scope) {
  const auto pairs = static_cast<std::size_t>(geometry.pairs());
  const auto heads = static_cast<std::int64_t>(mass.size() / pairs);
  least.resize(mass.size(), 1.0f);
  parallel_for(heads, 0, [&](std::int64_t head) {
    const std::size_t begin = static_cast<std::size_t>(head) * pairs;
    const std::vector<float> ranks = rank_fractions(std::span(mass).subspan(begin, pairs), geometry, scope);
    for (std::size_t i = 0; i < pairs; ++i) least[begin + i] = std::min(least[begin + i], ranks[i]);
  });
}

std::vector<float> narrow(const std::vector<double>& values) {
  std::vector<float> out(values.size());
  static constexpr double kLargest = std::numeric_limits<float>::max();
  std::transform(values.begin(), values.end(), out.begin(),
                 [](double x) { return static_cast<float>(std::min(x, kLargest)); });
  return out;
}

using Shards = std::vector<std::unique_ptr<ShardReader>>;

ProfileSlab reduce_slab(const Shards& shards, const SlabKey& key, const BlockGeometry& geometry) {
  SlabSums sums;
  ProfileSlab slab;
  for (const auto& shard : shards) {
    ShardSlab one = shard->read(key);
    add(sums.mass, one.mass);
    add_square(sums.mass_square, one.mass);
    add(sums.error, one.removal_error);
    add(sums.error_wide, one.removal_error_wide);
    lower_ranks(sums.threshold_row, one.mass, geometry, TopkScope::kRow);
    lower_ranks(sums.threshold_map, one.mass, geometry, TopkScope::kMap);
    if (shard == shards.front()) slab.rows = std::move(one.rows);
  }
  slab.mass = narrow(sums.mass);
  slab.mass_square = narrow(sums.mass_square);
  slab.removal_error = narrow(sums.error);
  slab.removal_error_wide = narrow(sums.error_wide);
  slab.threshold_row = std::move(sums.threshold_row);
  slab.threshold_map = std::move(sums.threshold_map);
  return slab;
}

/// Opens all shards in prompt-digest order and checks that they belong together.
Shards open_shards(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::pair<std::filesystem::path, std::unique_ptr<ShardReader>>> opened;
  for (const auto& path : paths) opened.emplace_back(path, std::make_unique<ShardReader>(path));
  std::sort(opened.begin(), opened.end(), [](const auto& a, const auto& b) {
    return a.second->meta().prompts.front() < b.second->meta().prompts.front();
  });
  const auto& [first_path, first] = opened.front();
  for (std::size_t i = 1; i < opened.size(); ++i) {
    const auto& [path, shard] = opened[i];
    const std::string difference = describe_difference(run_manifest(first->meta()), run_manifest(shard->meta()));
    require(difference.empty(), ErrorCode::kResume, path.string(), " does not belong with ", first_path.string(), ": ",
            difference);
    require(shard->meta().prompts != opened[i - 1].second->meta().prompts, ErrorCode::kResume, path.string(), " and ",
            opened[i - 1].first.string(), " hold the same prompt ", short_hex(shard->meta().prompts.front()),
            "; each may come once");
  }
  Shards shards;
  for (auto& [path, shard] : opened) shards.push_back(std::move(shard));
  return shards;
}

}  // namespace

ProfileMeta merge_shards(std::vector<std::filesystem::path> paths, const std::filesystem::path& output, bool overwrite,
                         const ProgressCallback& progress) {
  require(!paths.empty(), ErrorCode::kUsage, "no shards to merge");
  check_output(output, overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
  const WriterLock lock(output);
  const Shards shards = open_shards(paths);
  ProfileMeta meta = shards.front()->meta();
  meta.prompts.clear();
  for (const auto& shard : shards) meta.prompts.push_back(shard->meta().prompts.front());
  ProfileWriter writer(output, meta, overwrite);
  const std::uint64_t total = meta.phases.size() * meta.branches.size() * meta.model.experts * meta.model.layers;
  std::uint64_t done = 0;
  for (std::uint32_t phase = 0; phase < meta.phases.size(); ++phase) {
    for (const Branch branch : meta.branches) {
      for (std::uint32_t expert = 0; expert < meta.model.experts; ++expert) {
        for (std::uint32_t layer = 0; layer < meta.model.layers; ++layer) {
          throw_if_stopped("shards are kept; run the same command again");
          const SlabKey key{phase, branch, expert, layer};
          writer.write(key, reduce_slab(shards, key, meta.geometry()));
          if (progress) progress({++done, total, "merging phase " + std::to_string(phase)});
        }
      }
    }
  }
  writer.finish();
  return meta;
}

MergeEstimate estimate_merge(const std::vector<std::filesystem::path>& paths) {
  const Shards shards = open_shards(paths);
  const ProfileMeta& meta = shards.front()->meta();
  const auto start = std::chrono::steady_clock::now();
  (void)reduce_slab(shards, {0, meta.branches.front(), 0, 0}, meta.geometry());
  const double slab = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto slabs = meta.phases.size() * meta.branches.size() * meta.model.experts * meta.model.layers;
  const FileBytes bytes = file_bytes(meta, meta.block);
  // Sums in double, one shard's arrays and the profile's slab.
  return {slab * static_cast<double>(slabs), 4 * bytes.profile / slabs, bytes.profile};
}

std::vector<std::filesystem::path> list_shards(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> shards;
  for (const auto& folder : folders) {
    std::error_code problem;
    const std::size_t before = shards.size();
    for (const auto& entry : std::filesystem::directory_iterator(folder, problem)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(".") && entry.path().extension() == ".h5") shards.push_back(entry.path());
    }
    require(!problem, ErrorCode::kIo, folder.string(), ": cannot list the folder: ", problem.message());
    require(shards.size() > before, ErrorCode::kUsage, folder.string(), ": holds no shards (*.h5)");
  }
  std::sort(shards.begin(), shards.end());
  return shards;
}

}  // namespace wean::extract
