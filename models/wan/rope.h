// Rotary position embedding over the token grid: head_dim = t | h | w parts, interleaved pairs (x0 x1)(x2 x3)...
#pragma once
#include <ATen/core/Tensor.h>

#include "common/base/vocabulary.h"

namespace wean::models {

/// Angles of every token: [tokens, 1, head_dim / 2] float32, computed in float64 as diffusers does (WanRotaryPosEmbed).
struct Rope {
  at::Tensor cos;
  at::Tensor sin;
};

/// Pairs of each axis: h and w get head_dim / 6 pairs, t the rest (64: 12 + 10 + 10; 128: 22 + 21 + 21); theta 1e4.
[[nodiscard]] Rope make_rope(const Grid& grid, std::int64_t head_dim, c10::Device device);

/// Rotates x [tokens, heads, head_dim] in float32 and returns it in x's type, contiguous.
[[nodiscard]] at::Tensor apply_rope(const at::Tensor& x, const Rope& rope);

}  // namespace wean::models
