// Runs a function in a forked child and tells how it ended, for tests of signals, locks, limits and exits.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <system_error>

namespace wean::testing {

/// Starts a child that exits with what `body` returns, 99 when it throws; no test code runs after it there.
[[nodiscard]] inline pid_t start_child(const std::function<int()>& body) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) return pid;
  try {
    ::_exit(body());
  } catch (...) {
    ::_exit(99);
  }
}

/// Exit code of the child, or minus the signal that ended it. pid -1: whichever child ends first.
inline int wait_child(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) < 0) throw std::system_error(errno, std::generic_category(), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline int run_child(const std::function<int()>& body) { return wait_child(start_child(body)); }

}  // namespace wean::testing
