// Pictures as PNG files.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "inspect/plot/image.h"

namespace wean::inspect {

/// 8-bit RGB without time stamps: equal pictures give equal bytes. Throws kIo.
[[nodiscard]] std::vector<std::byte> encode_png(const Image& image);
/// Published whole or not at all. Throws kUsage when the file exists and is to be kept, kIo.
void write_png(const std::filesystem::path& path, std::span<const std::byte> png, bool overwrite);

}  // namespace wean::inspect
