// Walking a foreign file in a forked child: when HDF5 crashes, hangs or eats memory there, this process gets an error.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace wean::h5 {

/// What a child may use: memory beyond what this process has now, processor time, wall-clock time.
struct WalkLimits {
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::chrono::seconds processor{60};
  std::chrono::seconds wall{300};
};

/// Runs `check` in a forked child within `limits`, without core file or stderr. Rethrows the child's Error; a child
/// that dies or stalls is kMalformed "... crashed while being walked". `check` may use HDF5 and the heap, nothing that
/// other threads hold. Files that this process wrote itself (remember_own) are not walked.
void walk_in_child(const std::filesystem::path& path, const std::function<void()>& check,
                   const WalkLimits& limits = {});

/// Marks the file at `path`, as it is now, as written by this process.
void remember_own(const std::filesystem::path& path);

}  // namespace wean::h5
