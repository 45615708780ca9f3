#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/error.h"
#include "common/base/file.h"

namespace wean {
namespace {

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size() - 1, 0);
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string("unknown");
}

/// A lock file may be removed by its owner between our open and our flock: then the name no longer leads to our file.
bool still_named(int fd, const std::filesystem::path& path) {
  struct stat ours = {};
  struct stat named = {};
  return ::fstat(fd, &ours) == 0 && ::stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& output) : path_(output.string() + ".lock") {
  for (;;) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    require(fd_ >= 0, ErrorCode::kIo, path_.string(), ": cannot create the lock file: ", std::strerror(errno));
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = holder_of(fd_);
      ::close(fd_);
      fail(ErrorCode::kLocked, path_.string(), ": process ", holder, " is writing this output");
    }
    if (still_named(fd_, path_)) break;
    ::close(fd_);
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    // The process id only helps the message; the lock holds without it.
  }
}

WriterLock::~WriterLock() {
  ::unlink(path_.c_str());
  ::close(fd_);
}

}  // namespace wean
