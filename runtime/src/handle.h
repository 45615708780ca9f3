// What a wean_masks handle holds.
#pragma once
#include "runtime/include/wean/wean.h"
#include "schemas/masks/masks.h"

/// Immutable after wean_masks_open.
struct wean_masks {
  wean::MaskReader reader;
};

namespace wean::runtime {

/// The key of a site whose numbers exist in the file; throws kUsage naming the number otherwise.
[[nodiscard]] SectionKey section_of(const wean_masks& masks, const wean_site& site);

}  // namespace wean::runtime
