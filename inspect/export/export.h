// Masks in the forms that other software reads.
#pragma once
#include <cstdint>
#include <filesystem>

#include "common/base/progress.h"

namespace wean::inspect {

enum class ExportForm : std::uint8_t {
  kNpy,    ///< <section>.npy: bool [heads, rows, cols]
  kLists,  ///< <section>.counts.npy: int32 [heads, rows]; <section>.indices.npy: int32 [kept pairs], rows in order
  kFlex,   ///< <section>.kv_num_blocks.npy: int32 [1, heads, rows]; <section>.kv_indices.npy: int32 [1, heads, rows,
           ///< cols], kept columns first, then the others: arguments of FlexAttention's BlockMask.from_kv_blocks
};

struct ExportRequest {
  std::filesystem::path file;    ///< masks.wean
  std::filesystem::path folder;  ///< made when it is not there
  ExportForm form = ExportForm::kLists;
  bool overwrite = false;
  bool dry_run = false;  ///< count, write nothing
};

struct ExportReport {
  std::uint64_t sections = 0, files = 0, bytes = 0;
};

/// Most pairs that a section may have over all its heads: it is held in memory, and a small file of dense heads may
/// name far more.
inline constexpr std::int64_t kMaxSectionPairs = std::int64_t{1} << 30;

/// Sections are called phase<p>-<branch>-expert<e>-layer<l>, branch being cond or uncond. Every file appears whole or
/// not at all. Throws kUsage when the file holds no masks, when a section is too large, or, before anything is written,
/// when an output exists and is to be kept; kIo; and what MaskReader throws.
[[nodiscard]] ExportReport export_masks(const ExportRequest& request, const ProgressCallback& progress);

}  // namespace wean::inspect
