// The maps of one section that a plot needs, from a mask file, a profile, or both.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"
#include "inspect/plot/plot.h"

namespace wean::inspect {

/// Maps of one kind: what they are of, and how their axes count.
struct MapSource {
  std::string name;  ///< "phase 0, conditional, layer 3"
  Grid grid;
  BlockGeometry blocks;
};

struct HeadMaps {
  std::uint32_t head = 0;
  std::vector<float> mass;  ///< mean probability of each pair's entries; empty without a profile
  std::vector<bool> kept;   ///< empty without masks
  double density = 1;
};

struct SectionMaps {
  std::optional<MapSource> mass;   ///< none without a profile
  std::optional<MapSource> masks;  ///< none without masks
  std::vector<HeadMaps> heads;     ///< the one that was asked for, or all for a montage
  [[nodiscard]] bool same_blocks() const { return mass && masks && mass->blocks == masks->blocks; }
};

/// Largest number of pairs along a side of a map that is drawn, and of all maps of one kind together, each counted with
/// the square of its longer side: a picture has at least a pixel for each. A small file may name far larger ones.
inline constexpr std::int64_t kMaxSidePairs = 8192;
inline constexpr std::int64_t kMaxPicturePairs = std::int64_t{1} << 27;

/// Reads one section. Throws as plot().
[[nodiscard]] SectionMaps read_section_maps(const PlotRequest& request);

}  // namespace wean::inspect
