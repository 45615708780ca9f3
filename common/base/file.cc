#include "common/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "common/base/error.h"

namespace wean {
namespace {

[[noreturn]] void fail_io(const std::filesystem::path& path, const char* what) {
  fail(ErrorCode::kIo, path.string(), ": ", what, ": ", std::strerror(errno));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // the rename has happened; a folder that cannot be opened cannot be synced either
  ::fsync(fd);
  ::close(fd);
}

/// rename that fails with EEXIST when `to` exists. Some network file systems know no RENAME_NOREPLACE (EINVAL); there a
/// second name for the file does the same, since link never replaces.
int rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL) return -1;
  return ::link(from.c_str(), to.c_str()) == 0 ? ::unlink(from.c_str()) : -1;
}

mode_t current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

}  // namespace

void check_output(const std::filesystem::path& path, Overwrite overwrite) {
  const std::filesystem::path folder = folder_of(path);
  require(std::filesystem::is_directory(folder), ErrorCode::kIo, path.string(), ": no folder ", folder.string());
  require(!std::filesystem::is_directory(path), ErrorCode::kIo, path.string(), ": is a folder; a file name is needed");
  require(overwrite == Overwrite::kReplace || !std::filesystem::exists(path), ErrorCode::kUsage, path.string(),
          ": exists; --force replaces it");
}

PendingFile::PendingFile(std::filesystem::path target, Overwrite overwrite)
    : target_(std::move(target)), overwrite_(overwrite) {
  require(overwrite == Overwrite::kReplace || !std::filesystem::exists(target_), ErrorCode::kUsage, target_.string(),
          ": exists; --force replaces it");
  std::string name = (folder_of(target_) / ("." + target_.filename().string() + ".XXXXXX")).string();
  fd_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) fail_io(target_, "cannot create a temporary file beside it");
  temporary_ = name;
}

PendingFile::~PendingFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void PendingFile::write(std::span<const std::byte> bytes) {
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  if (end < 0) fail_io(target_, "cannot seek");
  write_at(static_cast<std::uint64_t>(end), bytes);
}

void PendingFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail_io(target_, "cannot write");
    done += static_cast<std::size_t>(put);
  }
}

void PendingFile::publish() {
  if (::fsync(fd_) != 0) fail_io(target_, "cannot sync");
  if (::fchmod(fd_, 0666 & ~current_umask()) != 0) fail_io(target_, "cannot set its mode");
  const bool replace = overwrite_ == Overwrite::kReplace;
  if ((replace ? ::rename(temporary_.c_str(), target_.c_str()) : rename_new(temporary_, target_)) != 0) {
    require(errno != EEXIST, ErrorCode::kUsage, target_.string(), ": exists; --force replaces it");
    fail_io(target_, "cannot rename the finished file");
  }
  ::close(fd_);
  fd_ = -1;
  sync_folder(folder_of(target_));
}

void publish_bytes(const std::filesystem::path& path, std::span<const std::byte> bytes, Overwrite overwrite) {
  PendingFile file(path, overwrite);
  file.write(bytes);
  file.publish();
}

void publish_text(const std::filesystem::path& path, std::string_view text, Overwrite overwrite) {
  publish_bytes(path, std::as_bytes(std::span(text.data(), text.size())), overwrite);
}

}  // namespace wean
