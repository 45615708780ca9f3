#include "inspect/plot/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/base/error.h"
#include "inspect/plot/panel.h"
#include "inspect/plot/site_maps.h"

namespace wean::inspect {
namespace {

constexpr int kHeadSide = 560;
constexpr int kTileSide = 150;
constexpr int kTileGap = 14;
constexpr int kMapGap = 4;
constexpr int kTileTop = 14;
constexpr int kMontageTop = 24;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 28;

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

Panel mass_panel(const MapSource& source, const HeadMaps& head, const LogScale& scale) {
  return {fmt::format("{}, head {}: mass", source.name, head.head), blocks_text(source.blocks) + ", log scale",
          source.grid, source.blocks, heat_pairs(head.mass, scale)};
}

Panel mask_panel(const MapSource& source, const HeadMaps& head) {
  return {fmt::format("{}, head {}: mask", source.name, head.head),
          fmt::format("density {:.3f}, {}", head.density, blocks_text(source.blocks)), source.grid, source.blocks,
          mask_pairs(head.kept)};
}

Panel kept_panel(const MapSource& source, const HeadMaps& head, const LogScale& scale) {
  Panel panel = mass_panel(source, head, scale);
  for (std::size_t pair = 0; pair < panel.pairs.size(); ++pair) {
    if (!head.kept[pair]) panel.pairs[pair] = kWhite;
  }
  panel.title = "mass that is kept";
  panel.subtitle = fmt::format("{:.3f} of all", kept_mass(head, source.blocks));
  return panel;
}

Image plot_head(const SectionMaps& maps, int side) {
  const HeadMaps& head = maps.heads.front();
  const LogScale scale = fit_scale(head.mass);
  std::vector<Panel> panels;
  if (maps.mass) panels.push_back(mass_panel(*maps.mass, head, scale));
  if (maps.masks) panels.push_back(mask_panel(*maps.masks, head));
  if (maps.same_blocks()) panels.push_back(kept_panel(*maps.mass, head, scale));
  return draw_panels(panels, maps.mass ? &scale : nullptr, side);
}

/// The maps of one head, drawn without axes.
std::vector<Panel> tile_panels(const SectionMaps& maps, const HeadMaps& head) {
  std::vector<Panel> panels;
  if (maps.mass) panels.push_back(mass_panel(*maps.mass, head, fit_scale(head.mass)));
  if (maps.masks) panels.push_back(mask_panel(*maps.masks, head));
  return panels;
}

std::string tile_title(const SectionMaps& maps, const HeadMaps& head) {
  return maps.masks ? fmt::format("head {}, density {:.3f}", head.head, head.density)
                    : fmt::format("head {}", head.head);
}

/// What the maps are of; both names when a profile's phases or branches are not those of the masks.
std::string montage_title(const SectionMaps& maps) {
  const std::string mass = "mass (log scale of each head)";
  if (!maps.masks) return maps.mass->name + ": " + mass;
  if (!maps.mass) return maps.masks->name + ": masks";
  if (maps.mass->name == maps.masks->name) return maps.mass->name + ": " + mass + " and mask";
  return maps.mass->name + ": " + mass + "; " + maps.masks->name + ": mask";
}

/// How the tiles of a montage lie.
struct Tiling {
  int width = 0, height = 0;  ///< of a tile with its gaps
  int columns = 1, rows = 1;
};

Tiling tiling_of(const SectionMaps& maps, int side) {
  Tiling tiling;
  for (const auto& source : {maps.mass, maps.masks}) {
    if (!source) continue;
    const Size size = map_size(source->blocks, side);
    tiling.width += size.width + (tiling.width > 0 ? kMapGap : 0);
    tiling.height = std::max(tiling.height, size.height + kTileTop + kTileGap);
  }
  for (const HeadMaps& head : maps.heads) tiling.width = std::max(tiling.width, text_width(tile_title(maps, head)));
  tiling.width += kTileGap;
  const auto heads = static_cast<int>(maps.heads.size());
  const double columns = std::sqrt(1.6 * heads * tiling.height / tiling.width);
  tiling.columns = std::clamp(static_cast<int>(std::lround(columns)), 1, heads);
  tiling.rows = (heads + tiling.columns - 1) / tiling.columns;
  return tiling;
}

Image plot_montage(const SectionMaps& maps, int side) {
  const Tiling tiling = tiling_of(maps, side);
  const std::string title = montage_title(maps);
  const int width = kTileGap + std::max(tiling.columns * tiling.width, text_width(title) + kTileGap);
  const int height = kMontageTop + tiling.rows * tiling.height;
  require(std::int64_t{width} * height <= kMaxPixels, ErrorCode::kUsage, "--side ", side, ": a picture of ", width,
          " x ", height, " pixels; at most ", kMaxPixels, " are drawn");
  Image image(width, height);
  draw_text(image, kTileGap, 6, title, kBlack);
  for (int i = 0; i < static_cast<int>(maps.heads.size()); ++i) {
    const HeadMaps& head = maps.heads[static_cast<std::size_t>(i)];
    int x = kTileGap + i % tiling.columns * tiling.width;
    const int y = kMontageTop + i / tiling.columns * tiling.height;
    draw_text(image, x, y, tile_title(maps, head), kBlack);
    for (const Panel& panel : tile_panels(maps, head)) {
      const Size size = map_size(panel.geometry, side);
      draw_pairs(image, x, y + kTileTop, size, panel);
      x += size.width + kMapGap;
    }
  }
  return image;
}

}  // namespace

Image plot(const PlotRequest& request) {
  const SectionMaps maps = read_section_maps(request);
  return request.montage ? plot_montage(maps, request.side.value_or(kTileSide))
                         : plot_head(maps, request.side.value_or(kHeadSide));
}

}  // namespace wean::inspect
