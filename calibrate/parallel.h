// One parallel loop for calibration: work items write to their own places, so results never depend on the threads.
#pragma once
#include <cstddef>
#include <exception>
#include <vector>

namespace wean::calibrate {

/// Calls body(i) for every i in [0, count) on up to `threads` OpenMP threads. The exception of the lowest index that
/// threw is rethrown after the loop (none may leave an OpenMP region).
template <typename Body>
void parallel_for(std::size_t count, int threads, const Body& body) {
  std::vector<std::exception_ptr> errors(count);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (std::size_t i = 0; i < count; ++i) {
    try {
      body(i);
    } catch (...) {
      errors[i] = std::current_exception();
    }
  }
  for (const auto& error : errors)
    if (error) std::rethrow_exception(error);
}

}  // namespace wean::calibrate
