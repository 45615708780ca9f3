#include <algorithm>
#include <numeric>

#include "common/base/stop.h"
#include "inspect/show/summary.h"
#include "schemas/plan/cut.h"

namespace wean::inspect {

double top_share(const BlockGeometry& geometry, std::span<const float> mass, double share) {
  const std::vector<float> values = ranking_values(geometry, mass);
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto count = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()) + 0.5);
  std::nth_element(order.begin(), order.begin() + count, order.end(), [&](std::size_t a, std::size_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  const auto add = [&](double sum, std::size_t pair) { return sum + static_cast<double>(mass[pair]); };
  const double total = std::accumulate(order.begin(), order.end(), 0.0, add);
  return total > 0 ? std::accumulate(order.begin(), order.begin() + count, 0.0, add) / total : 0;
}

Summary summarize_profile(const std::filesystem::path& path, const ProgressCallback& progress) {
  const ProfileReader profile(path);
  const ProfileMeta& meta = profile.meta();
  SiteTable ten(meta.phases.size(), std::size_t{meta.model.experts} * meta.model.layers), thirty = ten;
  const std::vector<SlabKey> keys = all_keys(meta);
  const auto pairs = static_cast<std::size_t>(meta.geometry().pairs());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    throw_if_stopped("nothing was changed; run it again");
    const std::vector<float> mass = profile.mass(keys[i]);
    const std::size_t layer = std::size_t{keys[i].expert} * meta.model.layers + keys[i].layer;
    for (std::size_t head = 0; head < meta.model.heads; ++head) {
      const auto map = std::span(mass).subspan(head * pairs, pairs);
      ten.add(keys[i].phase, layer, top_share(meta.geometry(), map, 0.1));
      thirty.add(keys[i].phase, layer, top_share(meta.geometry(), map, 0.3));
    }
    if (progress) progress({i + 1, keys.size(), "slab " + std::to_string(i + 1)});
  }
  Summary summary{
      Kind::kProfile,
      path,
      std::filesystem::file_size(path),
      fields_of(meta),
      meta.phases,
      {{"mass in the top 30 % of pairs", "mass_top_30", thirty}, {"mass in the top 10 % of pairs", "mass_top_10", ten}},
      {}};
  summary.extra = {{"content", to_hex(profile.content_digest())},
                   {"slabs", std::uint64_t{keys.size()}},
                   {"rows", static_cast<std::uint64_t>(meta.geometry().rows())}};
  return summary;
}

}  // namespace wean::inspect
