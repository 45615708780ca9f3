// Clips as pictures: side-by-side PNG frames and y4m videos.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace wean::verify {

/// uint8 [height, width, 3] as an 8-bit RGB PNG, published atomically (an existing file is replaced). Throws kIo.
void write_png(const std::filesystem::path& path, const at::Tensor& image);

/// One frame of the dense clip, the same frame of each sparse clip, and the absolute difference of each (times 4), in a
/// row: uint8 [height, (1 + 2 * sparse) * width + gaps, 3]. Clips are float32 [frames, height, width, 3] in [0, 1].
[[nodiscard]] at::Tensor side_by_side(const at::Tensor& dense, const std::vector<at::Tensor>& sparse,
                                      std::int64_t frame);

/// min(count, frames) different frame numbers spread over a clip, first and last included.
[[nodiscard]] std::vector<std::int64_t> spread_frames(std::int64_t frames, std::uint32_t count);

/// A YUV4MPEG2 video, 4:4:4, BT.601 limited range, 16 frames a second. Published atomically, replaces. Throws kIo.
void write_y4m(const std::filesystem::path& path, const at::Tensor& clip);

}  // namespace wean::verify
