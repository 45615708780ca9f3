// Stopping at a safe point: SIGINT, SIGTERM, SIGUSR1 and SIGHUP set a flag and say so on stderr; a second signal ends
// the process at once.
#pragma once

namespace wean {

/// Installs the handlers once for the process; later calls do nothing.
void install_stop_handlers();
/// True after the first signal. Async-signal-safe to set, cheap to read in loops.
[[nodiscard]] bool stop_requested() noexcept;
/// Throws Error{kStopped} with `how_to_resume` in its message when a stop was requested.
void throw_if_stopped(const char* how_to_resume);

}  // namespace wean
