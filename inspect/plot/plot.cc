#include "inspect/plot/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inspect/plot/panel.h"
#include "inspect/plot/site_maps.h"

namespace wean::inspect {
namespace {

constexpr int kTileSide = 150;
constexpr int kTileGap = 14;
constexpr int kTileTop = 14;
constexpr int kMontageTop = 24;

double kept_mass(const HeadMaps& head, const BlockGeometry& geometry) {
  double inside = 0, total = 0;
  for (std::size_t pair = 0; pair < head.mass.size(); ++pair) {
    const auto u = static_cast<std::int64_t>(pair) / geometry.cols();
    const auto v = static_cast<std::int64_t>(pair) % geometry.cols();
    const double mass = static_cast<double>(head.mass[pair]) * static_cast<double>(geometry.work(u, v));
    total += mass;
    inside += head.kept[pair] ? mass : 0;
  }
  return total > 0 ? inside / total : 0;
}

std::string blocks_text(const BlockGeometry& geometry) {
  return fmt::format("blocks of {}x{}, {}x{} pairs", geometry.q_block, geometry.k_block, geometry.rows(),
                     geometry.cols());
}

Panel mass_panel(const SectionMaps& maps, std::size_t head, const LogScale& scale) {
  return {fmt::format("{}, head {}: mass", maps.name, head), blocks_text(*maps.mass_blocks) + ", log scale",
          *maps.mass_blocks, heat_pairs(maps.heads[head].mass, scale)};
}

Panel mask_panel(const SectionMaps& maps, std::size_t head) {
  return {fmt::format("{}, head {}: mask", maps.name, head),
          fmt::format("density {:.3f}, {}", maps.heads[head].density, blocks_text(*maps.mask_blocks)),
          *maps.mask_blocks, mask_pairs(maps.heads[head].kept)};
}

Panel kept_panel(const SectionMaps& maps, std::size_t head, const LogScale& scale) {
  const HeadMaps& site = maps.heads[head];
  Panel panel = mass_panel(maps, head, scale);
  for (std::size_t pair = 0; pair < panel.pairs.size(); ++pair) {
    if (!site.kept[pair]) panel.pairs[pair] = kWhite;
  }
  panel.title = "mass that is kept";
  panel.subtitle = fmt::format("{:.3f} of all", kept_mass(site, *maps.mask_blocks));
  return panel;
}

Image plot_head(const SectionMaps& maps, const PlotRequest& request) {
  const HeadMaps& site = maps.heads[request.head];
  const LogScale scale = fit_scale(site.mass);
  std::vector<Panel> panels;
  if (maps.mass_blocks) panels.push_back(mass_panel(maps, request.head, scale));
  if (maps.mask_blocks) panels.push_back(mask_panel(maps, request.head));
  if (maps.same_blocks()) panels.push_back(kept_panel(maps, request.head, scale));
  return draw_panels(panels, maps.grid, maps.mass_blocks ? &scale : nullptr, request.side);
}

/// The maps of one head, without axes.
std::vector<Panel> tile_panels(const SectionMaps& maps, std::size_t head) {
  std::vector<Panel> panels;
  if (maps.mass_blocks) panels.push_back(mass_panel(maps, head, fit_scale(maps.heads[head].mass)));
  if (maps.mask_blocks) panels.push_back(mask_panel(maps, head));
  return panels;
}

std::string tile_title(const SectionMaps& maps, std::size_t head) {
  return maps.mask_blocks ? fmt::format("head {}, density {:.3f}", head, maps.heads[head].density)
                          : fmt::format("head {}", head);
}

Image plot_montage(const SectionMaps& maps) {
  const std::vector<Panel> first = tile_panels(maps, 0);
  int width = kTileGap, height = 0;
  for (const Panel& panel : first) {
    const Size size = map_size(panel.geometry, kTileSide);
    width += size.width + 4;
    height = std::max(height, size.height + kTileTop + kTileGap);
  }
  const auto heads = static_cast<int>(maps.heads.size());
  const int columns = std::max(1, static_cast<int>(std::lround(std::sqrt(1.6 * heads * height / width))));
  const int rows = (heads + columns - 1) / columns;
  Image image(std::min(columns, heads) * width + kTileGap, kMontageTop + rows * height);
  draw_text(image, kTileGap, 6,
            maps.name + (maps.mass_blocks ? ": mass (log scale of each head)" : ": ") +
                (maps.mask_blocks && maps.mass_blocks ? " and mask"
                 : maps.mask_blocks                   ? "masks"
                                                      : ""),
            kBlack);
  for (int head = 0; head < heads; ++head) {
    int x = kTileGap + head % columns * width;
    const int y = kMontageTop + head / columns * height;
    draw_text(image, x, y, tile_title(maps, static_cast<std::size_t>(head)), kBlack);
    for (const Panel& panel : tile_panels(maps, static_cast<std::size_t>(head))) {
      const Size size = map_size(panel.geometry, kTileSide);
      draw_pairs(image, x, y + kTileTop, size, panel);
      x += size.width + 4;
    }
  }
  return image;
}

}  // namespace

Image plot(const PlotRequest& request) {
  const SectionMaps maps = read_section_maps(request);
  return request.montage ? plot_montage(maps) : plot_head(maps, request);
}

}  // namespace wean::inspect
