// The maps of one section that a plot needs, from a mask file, a profile, or both.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"
#include "inspect/plot/plot.h"

namespace wean::inspect {

struct HeadMaps {
  std::vector<float> mass;  ///< mean probability of each pair's entries; empty without a profile
  std::vector<bool> kept;   ///< empty without masks
  double density = 1;
};

struct SectionMaps {
  Grid grid;                                 ///< of the masks, else of the profile
  std::optional<BlockGeometry> mass_blocks;  ///< none without a profile
  std::optional<BlockGeometry> mask_blocks;  ///< none without masks
  std::vector<HeadMaps> heads;
  std::string name;  ///< "phase 0, conditional, layer 3"
  [[nodiscard]] bool same_blocks() const { return mass_blocks && mask_blocks && *mass_blocks == *mask_blocks; }
};

/// Reads one section. Throws kUsage naming what does not exist.
[[nodiscard]] SectionMaps read_section_maps(const PlotRequest& request);

}  // namespace wean::inspect
