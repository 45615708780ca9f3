// Masks on a GPU: which sections of a file go there, and where each site finds its own.
#pragma once
#include <memory>

#include "kernels/cuda/sections.h"
#include "runtime/include/wean/wean.h"
#include "schemas/masks/masks.h"

/// Immutable after wean_device_masks_open.
struct wean_device_masks {
  wean_device_masks(const wean::MaskMeta& of, const wean::kernels::CudaMask& shape, wean::kernels::SectionTable table,
                    std::int64_t count, int device)
      : meta(of), sections(shape, count, std::move(table), device) {}
  wean::MaskMeta meta;
  wean::kernels::CudaSections sections;
};

namespace wean::runtime {

/// GPU memory that open_on_device takes. Both throw kUsage for phases that the file does not have and for blocks or
/// head sizes that no GPU kernel supports, kNoGpu, kGpuMemory.
[[nodiscard]] std::uint64_t device_bytes(const MaskReader& reader, const wean_upload_params& params);
[[nodiscard]] std::unique_ptr<wean_device_masks> open_on_device(const MaskReader& reader,
                                                                const wean_upload_params& params);
/// Number of the mask of `site`; throws kUsage naming what is not there.
[[nodiscard]] std::int32_t section_at(const wean_device_masks& masks, const wean_site& site);

}  // namespace wean::runtime
