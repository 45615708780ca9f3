// Proves everything about a file that its reader can prove.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "inspect/kind.h"

namespace wean::inspect {

struct Validation {
  Kind kind = Kind::kMasks;
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::string proven;  ///< what was looked at, in words
};

/// Returns when the file is valid. Throws what its reader throws: kMalformed, kIntegrity, kNotFinite, kIo.
[[nodiscard]] Validation validate_file(const std::filesystem::path& path);

}  // namespace wean::inspect
