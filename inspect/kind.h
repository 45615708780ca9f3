// Which of wean's files a file is.
#pragma once
#include <cstdint>
#include <filesystem>

namespace wean::inspect {

enum class Kind : std::uint8_t { kMasks, kPlan, kProfile, kShard };

/// "masks", "plan", "profile", "shard".
[[nodiscard]] const char* to_string(Kind kind) noexcept;

/// By the first bytes, and for HDF5 by the attribute `kind`. Throws kMalformed when it is none of wean's files, kIo.
[[nodiscard]] Kind detect_kind(const std::filesystem::path& path);

}  // namespace wean::inspect
