#include "schemas/h5/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include "common/base/error.h"
#include "schemas/h5/handle.h"

namespace wean::h5 {
namespace {

constexpr std::size_t kMaxVerdict = 8192;

using Identity = std::tuple<dev_t, ino_t, off_t, time_t, long>;
std::mutex g_own_mutex;
std::set<Identity> g_own;

/// Renaming and chmod keep it; writing does not.
bool identify(const std::filesystem::path& path, Identity& identity) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return false;
  identity = {info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
  return true;
}

bool is_own(const std::filesystem::path& path) {
  Identity identity;
  const std::lock_guard lock(g_own_mutex);
  return identify(path, identity) && g_own.contains(identity);
}

/// Relative to what is mapped already: GPU drivers and sanitizers reserve terabytes of addresses.
rlim_t memory_limit(std::uint64_t more) {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  return statm ? pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + more : RLIM_INFINITY;
}

void limit(decltype(RLIMIT_AS) resource, rlim_t value) {
  struct rlimit now = {};
  if (::getrlimit(resource, &now) != 0) return;
  value = std::min(value, now.rlim_cur);
  const struct rlimit wanted = {value, value};
  ::setrlimit(resource, &wanted);
}

void limit_child(rlim_t memory, std::chrono::seconds processor) {
  limit(RLIMIT_AS, memory);
  limit(RLIMIT_CPU, static_cast<rlim_t>(processor.count()));
  limit(RLIMIT_CORE, 0);
  // Ctrl-C goes to the whole process group; the parent decides what it means.
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) ::signal(signal, SIG_IGN);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDERR_FILENO);
}

/// One byte for the exit code, then the message.
std::string verdict_of(const std::filesystem::path& path, const std::function<void()>& check) {
  try {
    check();
    return std::string(1, '\0');
  } catch (const Error& error) {
    return static_cast<char>(error.code()) + std::string(error.what());
  } catch (const std::exception& error) {
    return static_cast<char>(ErrorCode::kMalformed) + path.string() + ": too much for a walk: " + error.what();
  }
}

[[noreturn]] void run_child(int out, const std::filesystem::path& path, const std::function<void()>& check) {
  const std::string verdict = verdict_of(path, check).substr(0, kMaxVerdict);
  const ssize_t put = ::write(out, verdict.data(), verdict.size());
  _exit(put == static_cast<ssize_t>(verdict.size()) ? 0 : 1);
}

/// Everything the child says until it closes the pipe; kills it when the time is over.
std::string listen(int in, pid_t child, std::chrono::seconds wall) {
  std::string verdict;
  const auto end = std::chrono::steady_clock::now() + wall;
  std::array<char, kMaxVerdict> buffer;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    struct pollfd wait = {in, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&wait, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      ::kill(child, SIGKILL);
      return {};
    }
    const ssize_t got = ::read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return verdict;
    verdict.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void judge(const std::filesystem::path& path, int status, const std::string& verdict) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !verdict.empty()) {
    if (verdict[0] == '\0') return;
    throw Error(static_cast<ErrorCode>(verdict[0]), verdict.substr(1));
  }
  const int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  fail(ErrorCode::kMalformed, path.string(), ": crashed while being walked (",
       WIFSIGNALED(status) ? "signal " : "exit ", number, "); the HDF5 file is damaged or hostile");
}

}  // namespace

void walk_in_child(const std::filesystem::path& path, const std::function<void()>& check, const WalkLimits& limits) {
  if (is_own(path)) return;
  const Session session;
  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, ErrorCode::kIo, path.string(),
          ": cannot make a pipe: ", std::strerror(errno));
  const rlim_t memory = memory_limit(limits.memory_bytes);
  const pid_t child = ::fork();
  if (child == 0) {
    limit_child(memory, limits.processor);
    run_child(ends[1], path, check);
  }
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    fail(ErrorCode::kIo, path.string(), ": cannot fork: ", std::strerror(errno));
  }
  const std::string verdict = listen(ends[0], child, limits.wall);
  ::close(ends[0]);
  judge(path, wait_for(child), verdict);
}

void remember_own(const std::filesystem::path& path) {
  Identity identity;
  const std::lock_guard lock(g_own_mutex);
  if (identify(path, identity)) g_own.insert(identity);
}

}  // namespace wean::h5
