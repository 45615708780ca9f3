#include <set>

#include "inspect/show/summary.h"

namespace wean::inspect {

Summary summarize_masks(const std::filesystem::path& path) {
  const MaskReader masks(path, VerifyMode::kTable, Residence::kMap);
  const MaskMeta& meta = masks.meta();
  SiteTable table(meta.phases.size(), std::size_t{meta.model.experts} * meta.model.layers);
  std::uint64_t dense = 0, sites = 0;
  std::set<const std::uint32_t*> stored;
  for (std::uint32_t section = 0; section < meta.phases.size() * meta.branches * table.layers(); ++section) {
    const auto layer = static_cast<std::uint32_t>(section % table.layers());
    const auto branch = static_cast<std::uint32_t>(section / table.layers() % meta.branches);
    const auto phase = static_cast<std::uint32_t>(section / table.layers() / meta.branches);
    const SectionKey key{phase, static_cast<Branch>(branch), layer / meta.model.layers, layer % meta.model.layers};
    for (std::uint32_t head = 0; head < meta.model.heads; ++head, ++sites) {
      const auto bits = masks.bits(key, head);
      if (bits.empty()) {
        ++dense;
      } else {
        stored.insert(bits.data());
      }
      table.add(phase, layer, masks.density(key, head));
    }
  }
  Summary summary{Kind::kMasks,
                  path,
                  std::filesystem::file_size(path),
                  fields_of(meta),
                  meta.phases,
                  {{"density", "density", table}},
                  {}};
  summary.extra = {{"sites", sites},
                   {"dense_sites", dense},
                   {"stored_maps", std::uint64_t{stored.size()}},
                   {"shared_sites", sites - dense - stored.size()}};
  return summary;
}

}  // namespace wean::inspect
