// Where masks are to be used: token grid and block sizes, resolved from the command line and the profile.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"
#include "schemas/profile/profile.h"

namespace wean::pack {

/// "1280x720": width x height in pixels.
struct PixelSize {
  std::int64_t width = 0, height = 0;
};
/// "128x64": tokens of a query block x tokens of a key block.
struct BlockSize {
  std::int64_t query = 0, key = 0;
};

/// Inverse of the forms above and of to_string(Grid); each number is 1 to 1,000,000. Throws kUsage naming `option`.
[[nodiscard]] PixelSize parse_size(const std::string& text, const char* option);
[[nodiscard]] BlockSize parse_block(const std::string& text, const char* option);
[[nodiscard]] Grid parse_grid(const std::string& text, const char* option);

/// What the command line says about the target; absent values are the profile's.
struct TargetRequest {
  std::optional<PixelSize> size;
  std::optional<std::int64_t> frames;  ///< pixel frames
  std::optional<Grid> grid;            ///< tokens; excludes size and frames
  std::optional<BlockSize> block;
};

struct Target {
  Grid grid;
  BlockGeometry geometry;
  bool operator==(const Target&) const = default;
};

/// Pixels become tokens with the strides that the profile's own pixels and grid show (frames: 1 + (T - 1) * stride).
/// Throws kUsage naming the option when a size is no multiple of its stride, the profile does not show the stride, or
/// there are more than 2^24 tokens or 2^26 pairs of blocks.
[[nodiscard]] Target resolve_target(const TargetRequest& request, const ProfileMeta& profile);

}  // namespace wean::pack
