// Pictures of a site: where the attention mass lies and what the mask keeps of it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "inspect/plot/image.h"
#include "schemas/masks/masks.h"

namespace wean::inspect {

struct PlotRequest {
  std::filesystem::path file;                    ///< masks.wean or profile.h5
  std::optional<std::filesystem::path> profile;  ///< mass beside the masks; excluded when `file` is a profile
  SectionKey key;
  std::uint32_t head = 0;
  bool montage = false;     ///< all heads of the layer instead of `head`
  std::optional<int> side;  ///< about this many pixels for the longer side of a map; none: 560, in a montage 150
};

/// One head: its mass as a heat map (mean probability of a block's entries, logarithmic), its mask (kept pairs black),
/// and, when both are there and have the same blocks, the mass that the mask keeps. A profile's phase is the one that
/// holds the middle of the mask's phase; beside masks, an unprofiled branch shows the profiled one. Montage: all heads
/// of the layer, mass beside mask. Axes count latent frames. Throws kUsage when there is no such site or when its maps
/// are too large for a picture, kFingerprint when profile and masks are of different models, and what the readers
/// throw.
[[nodiscard]] Image plot(const PlotRequest& request);

}  // namespace wean::inspect
