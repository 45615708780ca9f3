// A parallel loop whose exceptions stay inside OpenMP until the loop has ended.
#pragma once
#include <cstdint>
#include <functional>

namespace wean {

/// Threads that `asked` stands for: itself, or all that the machine has when it is 0.
[[nodiscard]] int team_size(int asked) noexcept;

/// Runs body(0) to body(count - 1) on team_size(threads) threads, in any order. Afterwards rethrows the exception of
/// the lowest index, so that the same error is reported whatever the number of threads.
void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& body);

}  // namespace wean
