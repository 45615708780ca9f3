#include "inspect/plot/png_file.h"

#include <png.h>

#include "common/base/error.h"
#include "common/base/file.h"

namespace wean::inspect {

std::vector<std::byte> encode_png(const Image& image) {
  png_image header = {};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width());
  header.height = static_cast<png_uint_32>(image.height());
  header.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  const bool sized = png_image_write_get_memory_size(header, size, 0, image.pixels().data(), 0, nullptr) != 0;
  require(sized, ErrorCode::kIo, "png: ", header.message);
  std::vector<std::byte> bytes(size);
  const bool written =
      png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels().data(), 0, nullptr) != 0;
  require(written, ErrorCode::kIo, "png: ", header.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, std::span<const std::byte> png, bool overwrite) {
  publish_bytes(path, png, overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
}

}  // namespace wean::inspect
