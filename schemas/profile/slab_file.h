// What profiles and shards have in common: datasets over (phase, branch, expert, layer), each slab of each dataset with
// its SHA-256.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "schemas/profile/meta.h"

namespace wean {

/// A dataset of slabs. Its first dimensions are (phase, branch, expert, layer), or (branch, expert, layer, step) when
/// `by_step`; `inner` are the rest, and one chunk holds the last `chunk_rank` of them.
struct SlabArray {
  std::string name;
  h5::Type type;
  h5::Shape inner;
  std::size_t chunk_rank;
  bool by_step = false;
};

/// The arrays of a profile and of a shard, in the order of their digests.
[[nodiscard]] std::vector<SlabArray> profile_arrays(const ProfileMeta& meta);
[[nodiscard]] std::vector<SlabArray> shard_arrays(const ProfileMeta& meta);

/// Where one array of one slab lies, and how messages call it.
[[nodiscard]] h5::DatasetSpec dataset_of(const ProfileMeta& meta, const SlabArray& array);
[[nodiscard]] h5::Region region_of(const ProfileMeta& meta, const SlabArray& array, const SlabKey& key);
/// "(phase 0, conditional, expert 0, layer 3)"
[[nodiscard]] std::string to_string(const SlabKey& key);
/// Throws kUsage unless the key is in the file.
void check_key(const ProfileMeta& meta, const SlabKey& key, const std::string& where);
/// 0 .. slab_count - 1, in file order.
[[nodiscard]] std::size_t slab_index(const ProfileMeta& meta, const SlabKey& key);
[[nodiscard]] std::size_t slab_count(const ProfileMeta& meta);

/// Write side shared by ProfileWriter and ShardWriter.
class SlabFileWriter {
 public:
  SlabFileWriter(const std::filesystem::path& path, const ProfileMeta& meta, std::string kind, bool overwrite);
  /// Throws kUsage when the key is unknown or written already; marks it as written.
  void begin(const SlabKey& key);
  /// One array of the slab, `array` as index into the kind's list; the vector must have the slab's size (kUsage).
  template <typename T>
  void write(const SlabKey& key, std::size_t array, const std::vector<T>& values) {
    write_bytes(key, array, h5::kTypeOf<T>, values.size(), values.data());
  }
  /// Throws kSelfCheck when a slab is missing. Writes the digests and closes: the file is whole at temporary_path().
  void close();
  void publish() { pending_.publish(); }
  [[nodiscard]] const std::filesystem::path& temporary_path() const noexcept { return pending_.temporary_path(); }
  [[nodiscard]] const ProfileMeta& meta() const noexcept { return meta_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void write_bytes(const SlabKey& key, std::size_t array, h5::Type type, std::size_t count, const void* data);
  std::string name_;
  ProfileMeta meta_;
  PendingFile pending_;
  h5::File file_;
  std::vector<SlabArray> arrays_;
  std::vector<bool> written_;
  std::vector<std::uint8_t> digests_;
};

/// Read side. The constructor walks the file (in a child unless this process wrote it) and checks its whole structure.
class SlabFileReader {
 public:
  SlabFileReader(const std::filesystem::path& path, std::string kind);
  /// One array of one slab; throws kIntegrity when its SHA-256 is another, kUsage for an unknown key.
  template <typename T>
  [[nodiscard]] std::vector<T> read(const SlabKey& key, std::size_t array) const {
    check_key(meta_, key, name());
    const h5::Session session;
    const SlabArray& slab = arrays_[array];
    auto values = h5::get<T>(file_, dataset_of(meta_, slab), region_of(meta_, slab, key));
    check_digest(key, array, std::as_bytes(std::span(values)));
    return values;
  }
  [[nodiscard]] const ProfileMeta& meta() const noexcept { return meta_; }
  [[nodiscard]] const std::string& name() const noexcept { return file_.name(); }
  [[nodiscard]] Digest content_digest() const;

 private:
  void check_digest(const SlabKey& key, std::size_t array, std::span<const std::byte> bytes) const;
  std::string kind_;
  h5::File file_;
  ProfileMeta meta_;
  std::vector<SlabArray> arrays_;
  std::vector<std::uint8_t> digests_;
};

/// Runs `read`, which reads a just written file back; its Error becomes kSelfCheck naming the output.
template <typename Read>
void verify_own_output(const std::string& name, Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    fail(ErrorCode::kSelfCheck, name, ": the file does not read back: ", error.what());
  }
}

}  // namespace wean
