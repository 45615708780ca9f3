// Reading: what is no plain file of the allowed size is refused before a byte of it is read.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <tuple>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"

namespace wean {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

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

struct Closer {
  int fd;
  ~Closer() { ::close(fd); }
};

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

StableFile::Identity StableFile::identity_of(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return {};
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec,
          info.st_mtim.tv_nsec};
}

StableFile::StableFile(std::filesystem::path path, std::uint64_t max_bytes) : path_(std::move(path)) {
  const Closer file{open_regular(path_, max_bytes).first};
  identity_ = identity_of(file.fd);
}

void StableFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  const Closer file{open_regular(path_, UINT64_MAX).first};
  const auto check = [&] {
    require(identity_of(file.fd) == identity_, ErrorCode::kIo, path_.string(),
            ": was changed while it was being read; allowed are files that nobody writes to");
  };
  check();
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::pread(file.fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_io(path_, "cannot read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  check();
  require(done == out.size(), ErrorCode::kIo, path_.string(), ": ends before byte ", offset + out.size());
}

Digest digest_of_file(const std::filesystem::path& path) {
  const StableFile file(path);
  std::vector<std::byte> piece;
  Sha256 hash;
  for (std::uint64_t at = 0; at < file.size(); at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file.size() - at)));
    file.read(at, piece);
    hash.update(piece);
  }
  return hash.finish();
}

}  // namespace wean
