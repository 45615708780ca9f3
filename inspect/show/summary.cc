#include "inspect/show/summary.h"

#include <algorithm>

#include "schemas/profile/shard.h"

namespace wean::inspect {

SiteTable::SiteTable(std::size_t phases, std::size_t layers)
    : layers_(layers), phases_(phases), cells_(phases * layers) {}

void SiteTable::add(std::size_t phase, std::size_t layer, double value) {
  Stats& stats = phases_[phase];
  stats.least = stats.sites == 0 ? value : std::min(stats.least, value);
  stats.most = stats.sites == 0 ? value : std::max(stats.most, value);
  stats.mean += value;
  stats.full += value >= 1 ? 1U : 0U;
  ++stats.sites;
  Cell& cell = cells_[phase * layers_ + layer];
  cell.sum += value;
  ++cell.count;
  ++histogram_[static_cast<std::size_t>(std::clamp(value * 10, 0.0, 10.0))];
}

SiteTable::Stats SiteTable::of_phase(std::size_t phase) const {
  Stats stats = phases_[phase];
  if (stats.sites > 0) stats.mean /= static_cast<double>(stats.sites);
  return stats;
}

double SiteTable::mean(std::size_t phase, std::size_t layer) const {
  const Cell& cell = cells_[phase * layers_ + layer];
  return cell.count > 0 ? cell.sum / static_cast<double>(cell.count) : 0;
}

Summary summarize(const std::filesystem::path& path, const ProgressCallback& progress) {
  switch (detect_kind(path)) {
    case Kind::kMasks:
      return summarize_masks(path);
    case Kind::kPlan:
      return summarize_plan(path);
    case Kind::kProfile:
      return summarize_profile(path, progress);
    case Kind::kShard:
      break;
  }
  return summarize_shard(path);
}

Summary summarize_shard(const std::filesystem::path& path) {
  const ShardReader shard(path);
  Summary summary{Kind::kShard, path, std::filesystem::file_size(path), fields_of(shard.meta()), shard.meta().phases,
                  {},           {}};
  summary.extra.push_back({"content", to_hex(shard.content_digest())});
  return summary;
}

}  // namespace wean::inspect
