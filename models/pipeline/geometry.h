// From the size of a clip in pixels to latents and tokens, and which sizes are allowed.
#pragma once
#include <array>
#include <cstdint>

#include "common/base/vocabulary.h"
#include "models/pipeline.h"

namespace wean::models {

/// What one latent pixel and one latent frame stand for. Tokens are patches of 1 x 2 x 2 latent pixels.
struct LatentStride {
  std::int64_t time = 4;   ///< pixel frames; the first latent frame stands for one
  std::int64_t space = 8;  ///< pixels
};

/// Latent frames, height and width. Width and height must be multiples of twice the spatial stride and frames a
/// multiple of the temporal stride plus one; throws kUsage with the nearest allowed size otherwise.
[[nodiscard]] std::array<std::int64_t, 3> latent_shape(const ClipSize& size, const LatentStride& stride);

/// Tokens of the clip; same errors.
[[nodiscard]] Grid token_grid(const ClipSize& size, const LatentStride& stride);

}  // namespace wean::models
