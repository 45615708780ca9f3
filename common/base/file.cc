#include "common/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>

#include "common/base/error.h"

namespace wean {
namespace {

[[noreturn]] void fail_io(const std::filesystem::path& path, const char* what) {
  fail(ErrorCode::kIo, path.string(), ": ", what, ": ", std::strerror(errno));
}

/// Opens a regular file for reading and gives its size; `fd` is closed on failure.
std::pair<int, std::uint64_t> open_regular(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail_io(path, "cannot open");
  struct stat info = {};
  const bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (regular && size <= max_bytes) return {fd, size};
  ::close(fd);
  require(regular, ErrorCode::kIo, path.string(), ": not a regular file");
  fail(ErrorCode::kMalformed, path.string(), ": ", size, " bytes; at most ", max_bytes, " are allowed");
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

void read_exactly(int fd, const std::filesystem::path& path, std::span<std::byte> bytes, std::uint64_t offset) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_io(path, "cannot read");
    require(got != 0, ErrorCode::kIo, path.string(), ": shrank while being read");
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path, std::uint64_t max_bytes) : path_(path) {
  const auto [fd, size] = open_regular(path, max_bytes);
  size_ = size;
  if (size_ > 0) {
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (data == MAP_FAILED) fail_io(path, "cannot map");
    data_ = static_cast<const std::byte*>(data);
  } else {
    ::close(fd);
  }
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

FileCopy::FileCopy(const std::filesystem::path& path, std::uint64_t max_bytes) : path_(path) {
  std::tie(fd_, size_) = open_regular(path, max_bytes);
}

FileCopy::~FileCopy() {
  if (data_ != nullptr) ::munmap(data_, size_);
  if (fd_ >= 0) ::close(fd_);
}

FileCopy::FileCopy(FileCopy&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

FileCopy& FileCopy::operator=(FileCopy&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

std::vector<std::byte> FileCopy::start(std::size_t count) const {
  std::vector<std::byte> bytes(std::min<std::uint64_t>(size_, count));
  read_exactly(fd_, path_, bytes, 0);
  return bytes;
}

void FileCopy::begin(std::span<const std::byte> start) {
  if (size_ == 0) return;
  // Not a vector: its zeros would be written first, by one thread. Large pages save most of the page faults.
  void* const memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  ::madvise(memory, size_, MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(memory);
  std::copy(start.begin(), start.end(), data_);
}

void FileCopy::read(std::uint64_t offset, std::uint64_t length) const {
  if (offset >= size_) return;
  const std::uint64_t count = std::min(length, size_ - offset);
  read_exactly(fd_, path_, {data_ + offset, static_cast<std::size_t>(count)}, offset);
}

std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const FileCopy file(path, max_bytes);
  return file.start(static_cast<std::size_t>(file.size()));
}

std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const std::vector<std::byte> bytes = read_file(path, max_bytes);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

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
