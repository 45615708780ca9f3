// What the numbers of a slab must obey, checked before writing and after reading (schemas/profile.md, "Rules").
#pragma once
#include <span>
#include <string>

#include "schemas/profile/profile.h"

namespace wean {

/// Names a slab of a file in messages: "profile.h5: 'mass' of slab (phase 0, ...)".
struct SlabPlace {
  const ProfileMeta& meta;
  std::string name;  ///< of the file
  SlabKey key;
};

/// Finite and >= 0. Throws kNotFinite or kMalformed with head, row and column.
void check_statistic(const SlabPlace& place, const char* array, std::span<const float> values);
/// check_statistic, and every row u sums to prompts * row_size(u) within 2^-8 relative (kMalformed).
void check_mass(const SlabPlace& place, std::span<const float> values);
/// Finite and in (0, 1].
void check_threshold(const SlabPlace& place, const char* array, std::span<const float> values);
/// Step and token indices in range, masses finite, >= 0, each row summing to 1 within 2^-8.
void check_rows(const SlabPlace& place, const RowSample& rows);

}  // namespace wean
