// The mask of one head: carry, rank, cut, encode. Pure.
#pragma once
#include <cstdint>
#include <memory>

#include "pack/carry.h"
#include "pack/paper.h"
#include "pack/statistics.h"
#include "schemas/masks/masks.h"

namespace wean::pack {

/// What travels to the target: scores that are ranked there, or bits in the paper's way (g grows).
enum class Transfer : std::uint8_t { kScores, kPaper };
[[nodiscard]] const char* to_string(Transfer transfer) noexcept;

/// What the cut of every site of a plan shares.
struct SiteRules {
  Transfer transfer = Transfer::kScores;
  BlockGeometry source;  ///< the profile's blocks
  BlockGeometry target;
  double row_floor = 0;
  bool keep_diagonal = false;
};

struct SiteMask {
  HeadMask mask;       ///< at the target's blocks; dense when every pair is kept
  double density = 1;  ///< kept work over all work
  double recall = 1;   ///< kept share of the carried mean mass
};

/// uint32 rows as the mask file has them.
[[nodiscard]] HeadMask encode_bits(const BlockGeometry& geometry, const BitMap& kept);

/// kScores: cuts the carried scores at the target's blocks; the realised share of work is within half a pair of
/// row.keep unless row floor and diagonal ask for more. kPaper: cuts at the profile's blocks, then paper_transfer.
/// Errors as cut_order.
[[nodiscard]] SiteMask cut_site(const SiteRules& rules, const Carrier& carrier, const PlanRow& row,
                                const SectionStatistics& statistics);

/// Kept share of `carried`, a mass map at the target's blocks.
[[nodiscard]] double recall_of(const BlockGeometry& target, const HeadMask& mask, std::span<const float> carried);

}  // namespace wean::pack
