// profile.h5: the statistics that wean-extract gathers and every later step reads. Normative words: schemas/profile.md.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"

namespace wean {

/// Where a WEST threshold map ranks its pairs: over the whole map, or over each query row.
enum class TopkScope : std::uint8_t { kRow = 0, kMap = 1 };

/// Key of one slab of statistics: all heads of one layer in one phase and branch.
struct SlabKey {
  std::uint32_t phase = 0;
  Branch branch = Branch::kConditional;
  std::uint32_t expert = 0;
  std::uint32_t layer = 0;
};

/// How the calibration videos were sampled. Part of what two shards must share to be merged.
struct SamplingRecipe {
  std::int64_t width = 0, height = 0, frames = 0;  ///< pixels and pixel frames
  std::string sampler;                             ///< "unipc" or "euler"
  std::uint32_t steps = 0;
  double shift = 0;
  double guidance = 0;
  std::string dtype;  ///< "float32" or "bfloat16"
  std::uint64_t seed =
      0;  ///< run seed; the seed of a prompt is the first 8 bytes of SHA-256(seed as u64 LE || prompt digest)
  bool operator==(const SamplingRecipe&) const = default;
};

/// Root attributes of a profile (and of each shard, which holds one prompt).
struct ProfileMeta {
  std::string tool_version;
  ModelIdentity model;
  SamplingRecipe recipe;
  Grid grid;
  std::uint32_t block = 0;  ///< base block size in tokens, a power of two from 16
  std::string token_order = "raster";
  std::vector<double> sigmas;  ///< sigma of each calibration step, falling
  PhaseTable phases;
  std::vector<Branch> branches;     ///< profiled branches, ascending
  std::uint32_t sampled_rows = 16;  ///< query rows a step in the FAST sample
  std::vector<Digest> prompts;      ///< SHA-256 of each prompt text, ascending; the first one gave the FAST sample
  [[nodiscard]] BlockGeometry geometry() const { return square_blocks(grid.tokens(), block); }
  bool operator==(const ProfileMeta&) const = default;
};

/// The FAST sample of one slab: block masses of single query rows of the prompt with the lowest digest.
struct RowSample {
  std::uint32_t steps = 0;           ///< steps of the phase
  std::uint32_t rows = 0;            ///< sampled rows a step
  std::vector<std::uint32_t> step;   ///< [steps]: global step index
  std::vector<std::uint32_t> token;  ///< [steps, rows]: query token of each sampled row
  std::vector<float> mass;           ///< [steps, heads, rows, cols]: attention probability on each key block, sums to 1
  bool operator==(const RowSample&) const = default;
};

/// Every key of a file, in file order: phase, then branch, expert, layer.
[[nodiscard]] std::vector<SlabKey> all_keys(const ProfileMeta& meta);

/// Read side of a profile. Slabs are row-major float32 [heads, rows, cols] at the base block unless said otherwise.
/// All sums are over prompts; divide by meta().prompts.size() for means. One thread at a time (HDF5).
class ProfileReader {
 public:
  /// Checks the whole structure first (kMalformed, kIo); a file that is not the process's own is walked by a forked
  /// child.
  explicit ProfileReader(const std::filesystem::path& path);
  ~ProfileReader();
  ProfileReader(const ProfileReader&) = delete;  // owns HDF5 handles
  ProfileReader& operator=(const ProfileReader&) = delete;

  [[nodiscard]] const ProfileMeta& meta() const noexcept;
  /// Sum over prompts of block mass: for query block u, the sum over its valid rows of the probability on key block v,
  /// averaged over the phase's steps. A row u sums to prompts * row_size(u).
  [[nodiscard]] std::vector<float> mass(const SlabKey& key) const;
  /// Sum over prompts of the square of each prompt's block mass.
  [[nodiscard]] std::vector<float> mass_square(const SlabKey& key) const;
  /// WEST: min over prompts of rank / candidates, in (0, 1]; the smallest keep fraction at which some prompt keeps the
  /// pair.
  [[nodiscard]] std::vector<float> threshold(const SlabKey& key, TopkScope scope) const;
  /// Sum over prompts of removal error (schemas/profile.md gives the formula), steps averaged. `width` = 1: key blocks
  /// of the base width, [heads, rows, cols]; `width` = 2: pairs of key blocks, [heads, rows, ceil(cols / 2)].
  [[nodiscard]] std::vector<float> removal_error(const SlabKey& key, std::uint32_t width) const;
  [[nodiscard]] RowSample rows(const SlabKey& key) const;
  /// SHA-256 over the file's canonical content (what plan.h5 records as its source). Costs no reading: slabs carry
  /// their own digests, which every read checks.
  [[nodiscard]] Digest content_digest() const;
  /// Reads every slab, so that every byte and every number is checked. Throws kMalformed, kIntegrity, kNotFinite.
  void validate() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One slab's finished statistics, ready to be written; shapes as in ProfileReader.
struct ProfileSlab {
  std::vector<float> mass, mass_square, threshold_row, threshold_map, removal_error, removal_error_wide;
  RowSample rows;
};

/// Write side: slabs in any order, each exactly once, then finish(). The file appears under its name only at finish().
class ProfileWriter {
 public:
  ProfileWriter(const std::filesystem::path& path, const ProfileMeta& meta, bool overwrite);
  ~ProfileWriter();
  ProfileWriter(const ProfileWriter&) = delete;  // owns HDF5 handles
  ProfileWriter& operator=(const ProfileWriter&) = delete;
  void write(const SlabKey& key, const ProfileSlab& slab);
  /// Throws kSelfCheck when a slab is missing; otherwise reopens with ProfileReader, then publishes.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wean
