// The paper's resolution transfer, on bits: kept as a named mode for comparison. It inflates g; the tool reports by how
// much. Source: METHOD.md section 3.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/blocks.h"

namespace wean::pack {

/// [rows, cols] of a geometry, 1 = keep.
using BitMap = std::vector<std::uint8_t>;

/// Other blocks over the same tokens: a target pair is kept when any source pair that shares a token pair with it is.
[[nodiscard]] BitMap or_blocks(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to);

/// R'(u, v) = ceil(bilinear(R; u / s_h, v / s_w)) with s_h = to.rows / from.rows, s_w alike: a target pair is kept when
/// any of the up to four source pairs with a positive weight is. Only the numbers of blocks matter. Same numbers: a
/// copy.
[[nodiscard]] BitMap ceil_bilinear(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to);

/// Both in turn: OR to the target's block sizes on the source's tokens, then ceil-bilinear to the target's tokens.
[[nodiscard]] BitMap paper_transfer(const BitMap& source, const BlockGeometry& from, const BlockGeometry& to);

}  // namespace wean::pack
