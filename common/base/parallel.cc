#include "common/base/parallel.h"

#include <omp.h>

#include <exception>
#include <vector>

namespace wean {

int team_size(int asked) noexcept { return asked > 0 ? asked : omp_get_max_threads(); }

void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& body) {
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
#pragma omp parallel for schedule(dynamic, 1) num_threads(team_size(threads))
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      body(i);
    } catch (...) {
      errors[static_cast<std::size_t>(i)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace wean
