// Walking a foreign file in a forked child: when HDF5 crashes, hangs or eats memory there, this process gets an error.
#pragma once
#include <filesystem>
#include <functional>

namespace wean::h5 {

/// Runs `check` in a forked child with at most 1 GiB more memory than now, 60 s of processor and 300 s of wall-clock
/// time, no core file and no stderr. Rethrows the child's Error; a child that dies or stalls is
/// kMalformed "... crashed while being walked". `check` may use HDF5 and the heap, nothing that other threads hold.
/// Files that this process wrote itself (remember_own) are not walked.
void walk_in_child(const std::filesystem::path& path, const std::function<void()>& check);

/// Marks the file at `path`, as it is now, as written by this process.
void remember_own(const std::filesystem::path& path);

}  // namespace wean::h5
