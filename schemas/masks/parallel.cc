#include "schemas/masks/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace wean::masks {
namespace {

/// Shared state of one loop.
struct Loop {
  std::size_t count;
  const std::function<void(std::size_t)>& body;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed_at = static_cast<std::size_t>(-1);
  std::exception_ptr failure;

  void work() {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_at) failure = std::current_exception();
        failed_at = std::min(failed_at, i);
        next = count;  // items below i were all handed out before it
      }
    }
  }
};

}  // namespace

void for_each_index(std::size_t count, bool threads, const std::function<void(std::size_t)>& body) {
  Loop loop{count, body, {}, {}, static_cast<std::size_t>(-1), {}};
  std::vector<std::thread> team;
  if (threads) {
    const std::size_t helpers =
        std::min<std::size_t>({count, 8, std::max(1U, std::thread::hardware_concurrency())}) - 1;
    team.reserve(helpers);
    try {
      while (team.size() < helpers) team.emplace_back([&loop] { loop.work(); });
    } catch (const std::system_error&) {
      // No thread to be had: this one does the rest.
    }
  }
  loop.work();
  for (std::thread& thread : team) thread.join();
  if (loop.failure) std::rethrow_exception(loop.failure);
}

}  // namespace wean::masks
