// Reading files safely and publishing them atomically (promises P1 and P4).
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/digest.h"

namespace wean {

/// A regular file mapped read-only for the lifetime of the object. Opened once (O_CLOEXEC, O_NONBLOCK), checked with
/// fstat.
class MappedFile {
 public:
  /// Throws kIo when the file cannot be opened or is not regular, kMalformed when it is larger than `max_bytes`.
  explicit MappedFile(const std::filesystem::path& path, std::uint64_t max_bytes = std::uint64_t{1} << 44);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;  // one mapping, one owner
  MappedFile& operator=(const MappedFile&) = delete;
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A regular file's bytes in private memory, read in pieces that several threads may share between them. Same errors as
/// MappedFile.
class FileCopy {
 public:
  /// Opens the file; nothing is read yet. Memory is taken by begin().
  FileCopy(const std::filesystem::path& path, std::uint64_t max_bytes);
  ~FileCopy();
  FileCopy(FileCopy&& other) noexcept;
  FileCopy& operator=(FileCopy&& other) noexcept;
  FileCopy(const FileCopy&) = delete;  // one copy, one owner
  FileCopy& operator=(const FileCopy&) = delete;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// The first min(size, count) bytes, before memory for the rest is taken.
  [[nodiscard]] std::vector<std::byte> start(std::size_t count) const;
  /// Takes memory for the whole file, its beginning as start() gave it.
  void begin(std::span<const std::byte> start);
  /// Reads [offset, offset + length), cut at the file's end. Any number of threads at once, each range once.
  void read(std::uint64_t offset, std::uint64_t length) const;
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, static_cast<std::size_t>(size_)}; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// A regular file that is read in pieces and never mapped: one that is cut off or written to meanwhile is an error,
/// where a mapping would end the process (SIGBUS) or change under its reader. Holds no descriptor, so that thousands
/// may be open. Immutable; any number of threads may read.
class StableFile {
 public:
  /// Same errors as MappedFile.
  explicit StableFile(std::filesystem::path path, std::uint64_t max_bytes = std::uint64_t{1} << 44);
  [[nodiscard]] std::uint64_t size() const noexcept { return identity_.bytes; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Fills `out` from `offset`. Throws kIo when the file cannot be read, ends before, or is not as it was when this
  /// object was made (another file under the name, another size, written to).
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  struct Identity {
    std::uint64_t device = 0, inode = 0, bytes = 0;
    std::int64_t seconds = 0, nanoseconds = 0;  // of the last change to its content
    bool operator==(const Identity&) const = default;
  };
  static Identity identity_of(int fd);
  std::filesystem::path path_;
  Identity identity_;
};

/// SHA-256 of a file's content, read in pieces; same errors as StableFile.
[[nodiscard]] Digest digest_of_file(const std::filesystem::path& path);

/// Whole file into memory; same errors as MappedFile.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);
[[nodiscard]] std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes);

/// What to do when the output already exists.
enum class Overwrite : bool { kRefuse = false, kReplace = true };

/// A file that becomes visible under its name whole or not at all. The temporary lies beside it and is removed unless
/// published. Libraries that open files by name (HDF5) may write to temporary_path() between construction and
/// publish().
class PendingFile {
 public:
  /// Creates the temporary (O_EXCL, 0600) in the target's folder. Throws kIo; kUsage when `target` exists and is to be
  /// kept.
  PendingFile(std::filesystem::path target, Overwrite overwrite);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;  // one temporary, one owner
  PendingFile& operator=(const PendingFile&) = delete;
  [[nodiscard]] const std::filesystem::path& temporary_path() const noexcept { return temporary_; }
  /// Appends at the current end / writes at `offset`. Throws kIo naming the target.
  void write(std::span<const std::byte> bytes);
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// fsync, chmod to the umask, rename (without replacing unless kReplace), fsync of the folder. Throws kIo or kUsage;
  /// whatever happens the target holds the whole old or the whole new content.
  void publish();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  Overwrite overwrite_;
  int fd_ = -1;
};

/// Refuses an output before work is spent on it: throws kUsage when it exists and is to be kept, kIo when it is a
/// folder or its folder does not exist.
void check_output(const std::filesystem::path& path, Overwrite overwrite);

/// Publishes `bytes` at `path` through a PendingFile.
void publish_bytes(const std::filesystem::path& path, std::span<const std::byte> bytes, Overwrite overwrite);
void publish_text(const std::filesystem::path& path, std::string_view text, Overwrite overwrite);

/// Keeps other writers of the same output away: an flock'ed `<path>.lock`, released and removed on destruction.
class WriterLock {
 public:
  /// Throws kLocked when another process holds it (the message names the lock file and the holder's process id).
  explicit WriterLock(const std::filesystem::path& output);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;  // one lock, one owner
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace wean
