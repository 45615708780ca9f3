#include "verify/picture.h"

#include <ATen/ATen.h>
#include <png.h>

#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace wean::verify {
namespace {

constexpr std::int64_t kGap = 4;         // white pixels between panels
constexpr double kDifferenceGain = 4.0;  // differences are faint without it

at::Tensor to_bytes(const at::Tensor& image) { return (image.clamp(0, 1) * 255).round().to(at::kByte).contiguous(); }

std::span<const std::byte> bytes_of(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), static_cast<std::size_t>(tensor.numel())};
}

/// [height, width, 3] in [0, 1] -> three planes of BT.601 limited-range bytes, [3, height, width].
at::Tensor to_yuv(const at::Tensor& frame) {
  const at::Tensor matrix = at::tensor({65.481, 128.553, 24.966, -37.797, -74.203, 112.0, 112.0, -93.786, -18.214})
                                .view({3, 3})
                                .to(at::kFloat);
  const at::Tensor offset = at::tensor({16.0f, 128.0f, 128.0f});
  return (at::matmul(frame, matrix.t()) + offset).round().clamp(0, 255).to(at::kByte).permute({2, 0, 1}).contiguous();
}

}  // namespace

void write_png(const std::filesystem::path& path, const at::Tensor& image) {
  const at::Tensor pixels = image.contiguous();
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.format = PNG_FORMAT_RGB;
  png.height = static_cast<png_uint_32>(pixels.size(0));
  png.width = static_cast<png_uint_32>(pixels.size(1));
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::byte> encoded(size);
  const bool ok = png_image_write_to_memory(&png, encoded.data(), &size, 0, pixels.const_data_ptr(), 0, nullptr) != 0;
  require(ok, ErrorCode::kIo, path.string(), ": cannot encode the PNG: ", png.message);
  publish_bytes(path, std::span(encoded).first(size), Overwrite::kReplace);
}

at::Tensor side_by_side(const at::Tensor& dense, const std::vector<at::Tensor>& sparse, std::int64_t frame) {
  const at::Tensor reference = dense[frame];
  const at::Tensor gap = at::ones({reference.size(0), kGap, 3});
  std::vector<at::Tensor> panels{reference};
  for (const at::Tensor& clip : sparse) {
    panels.insert(panels.end(), {gap, clip[frame], gap, (clip[frame] - reference).abs() * kDifferenceGain});
  }
  return to_bytes(at::cat(panels, 1));
}

std::vector<std::int64_t> spread_frames(std::int64_t frames, std::uint32_t count) {
  std::vector<std::int64_t> picked;
  const std::int64_t most = std::min<std::int64_t>(count, frames);
  for (std::int64_t i = 0; i < most; ++i) picked.push_back(most == 1 ? 0 : i * (frames - 1) / (most - 1));
  return picked;
}

void write_y4m(const std::filesystem::path& path, const at::Tensor& clip) {
  PendingFile file(path, Overwrite::kReplace);
  const std::string header =
      "YUV4MPEG2 W" + std::to_string(clip.size(2)) + " H" + std::to_string(clip.size(1)) + " F16:1 Ip A1:1 C444\n";
  const auto write_text = [&](const std::string& text) {
    file.write(std::as_bytes(std::span(text.data(), text.size())));
  };
  write_text(header);
  for (std::int64_t frame = 0; frame < clip.size(0); ++frame) {
    write_text("FRAME\n");
    file.write(bytes_of(to_yuv(clip[frame])));
  }
  file.publish();
}

}  // namespace wean::verify
