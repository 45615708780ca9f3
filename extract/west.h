// WEST thresholds (METHOD 1): at which keep fraction a prompt's Top-k would keep a pair.
#pragma once
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "schemas/profile/profile.h"

namespace wean::extract {

/// 1-based rank of every pair by mean probability a row (mass / valid rows of u), largest first, ties by index, over
/// the number of candidates: of the whole map, or of the pair's row. `mass` and the result are [rows, cols] of one
/// head.
[[nodiscard]] std::vector<float> rank_fractions(std::span<const float> mass, const BlockGeometry& geometry,
                                                TopkScope scope);

}  // namespace wean::extract
