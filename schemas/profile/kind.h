// Which of wean's HDF5 files a file is, for tools that take any of them.
#pragma once
#include <cstdint>
#include <filesystem>

namespace wean {

enum class H5Kind : std::uint8_t { kProfile, kShard, kPlan };

/// True when the file begins with HDF5's signature; false for every other readable file. Throws kIo.
[[nodiscard]] bool is_hdf5(const std::filesystem::path& path);

/// Reads the root attribute `kind` after the same walk that the readers do. Throws kMalformed when it is none of
/// wean's files, kIo.
[[nodiscard]] H5Kind h5_kind(const std::filesystem::path& path);

}  // namespace wean
