#include "common/base/stop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "common/base/error.h"

namespace wean {
namespace {

std::atomic<int> g_signals{0};

void on_signal(int) {
  if (g_signals.fetch_add(1) > 0) _exit(static_cast<int>(ErrorCode::kStopped));
  constexpr char kNotice[] = "stopping at the next safe point; a second signal stops at once\n";
  const int saved = errno;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kNotice, sizeof kNotice - 1);
  errno = saved;
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool stop_requested() noexcept { return g_signals.load(std::memory_order_relaxed) > 0; }

void throw_if_stopped(const char* how_to_resume) {
  if (stop_requested()) fail(ErrorCode::kStopped, "stopped by a signal; ", how_to_resume);
}

}  // namespace wean
