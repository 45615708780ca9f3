// A shard: the statistics of one prompt, in 16-bit encodings (schemas/profile.md). The profile is the reduction of
// shards.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "schemas/profile/profile.h"

namespace wean {

/// What one prompt contributes to a slab; shapes as in ProfileReader, steps of the phase averaged. `rows` is filled for
/// every prompt (merge keeps the one with the lowest prompt digest).
struct ShardSlab {
  std::vector<float> mass, removal_error, removal_error_wide;
  RowSample rows;
  bool operator==(const ShardSlab&) const = default;
};

/// Writes one prompt's shard. meta.prompts holds exactly that prompt. Values pass through the 16-bit encoding: relative
/// error at most 2^-10, zero exact. Same ownership and publication rules as ProfileWriter.
class ShardWriter {
 public:
  ShardWriter(const std::filesystem::path& path, const ProfileMeta& meta, bool overwrite);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;  // owns HDF5 handles
  ShardWriter& operator=(const ShardWriter&) = delete;
  void write(const SlabKey& key, const ShardSlab& slab);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads one prompt's shard; values are decoded to float32. Checks as ProfileReader.
class ShardReader {
 public:
  explicit ShardReader(const std::filesystem::path& path);
  ~ShardReader();
  ShardReader(const ShardReader&) = delete;  // owns HDF5 handles
  ShardReader& operator=(const ShardReader&) = delete;
  [[nodiscard]] const ProfileMeta& meta() const noexcept;
  [[nodiscard]] ShardSlab read(const SlabKey& key) const;
  /// As ProfileReader's.
  [[nodiscard]] Digest content_digest() const;
  void validate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wean
