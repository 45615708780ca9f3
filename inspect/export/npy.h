// Arrays as .npy files (NumPy format 1.0).
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace wean::inspect {

/// A file in two parts; `data` is borrowed.
struct NpyFile {
  std::string header;
  std::span<const std::byte> data;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return header.size() + data.size(); }
};

/// A C-ordered array.
[[nodiscard]] NpyFile npy_file(std::span<const std::int32_t> values, std::span<const std::int64_t> shape);
/// 0 and 1 as booleans.
[[nodiscard]] NpyFile npy_file(std::span<const std::uint8_t> values, std::span<const std::int64_t> shape);

/// Published whole or not at all. Throws kUsage when the file exists and is to be kept, kIo.
void write_npy(const std::filesystem::path& path, const NpyFile& array, bool overwrite);

}  // namespace wean::inspect
