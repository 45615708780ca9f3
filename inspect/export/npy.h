// Arrays as .npy files (NumPy format 1.0).
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace wean::inspect {

/// Publishes a C-ordered array. Throws kUsage when the file exists and is to be kept, kIo.
void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values,
               std::span<const std::int64_t> shape, bool overwrite);
/// 0 and 1 as booleans.
void write_npy(const std::filesystem::path& path, std::span<const std::uint8_t> values,
               std::span<const std::int64_t> shape, bool overwrite);

}  // namespace wean::inspect
