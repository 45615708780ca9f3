// masks.wean: the bit-wise mask file. Normative words with a worked example: schemas/masks.md. Free of third parties.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/blocks.h"
#include "common/base/vocabulary.h"

namespace wean {

/// Key of one section: all heads of one layer in one phase and branch. Sections are stored in this order.
struct SectionKey {
  std::uint32_t phase = 0;
  Branch branch = Branch::kConditional;
  std::uint32_t expert = 0;
  std::uint32_t layer = 0;
  auto operator<=>(const SectionKey&) const = default;
};

/// A phase as the mask file keeps it: interval of sigma (low, high], steps of the plan's schedule in it.
using MaskPhase = Phase;

/// Everything in the file but the bits.
struct MaskMeta {
  ModelIdentity model;
  Digest recipe{};         ///< SHA-256 of the plan's bytes and of the pack options
  Grid grid;               ///< token grid the masks are for
  BlockGeometry geometry;  ///< grid.tokens() on both sides; block sizes (64x64, 128x64, 128x128)
  std::vector<MaskPhase> phases;
  std::uint32_t branches = 2;  ///< always both; where one was profiled the sections share content
  double global_density = 1;   ///< g realised on the phases' step counts; computed by the writer, proven by the reader
  bool operator==(const MaskMeta&) const = default;
};

/// The mask of one head: uint32 rows [rows][words], bit v of row u = keep. Dense heads carry no bits.
struct HeadMask {
  bool dense = true;
  std::vector<std::uint32_t> bits;
};

/// What the sections written so far take.
struct MaskTotals {
  std::uint64_t bytes = 0;  ///< of the file
  std::uint64_t maps = 0;   ///< bit maps stored: equal heads of a section share one, equal sections share all
};

/// Writes sections in key order, each with all its heads, then finish(): canonical bytes, published atomically after
/// the public reader accepted them. One thread at a time; memory for one section.
class MaskWriter {
 public:
  /// Throws kUsage when `meta` breaks a limit of schemas/masks.md or the file exists and is to be kept, kIo.
  MaskWriter(const std::filesystem::path& path, const MaskMeta& meta, bool overwrite);
  /// A dry run: checks and counts in the same way, touches no file.
  explicit MaskWriter(const MaskMeta& meta);
  ~MaskWriter();
  MaskWriter(const MaskWriter&) = delete;  // owns a pending file
  MaskWriter& operator=(const MaskWriter&) = delete;
  /// A head whose bits are all set becomes dense. Throws kSelfCheck naming section and head when the order, the number
  /// of heads or words, or a bit past the last column is wrong; kIo.
  void write(const SectionKey& key, std::span<const HeadMask> heads);
  /// Returns the realised g. Throws kSelfCheck when a section is missing or the reader disagrees; kIo.
  double finish();
  [[nodiscard]] MaskTotals totals() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How much a reader proves before it returns.
enum class VerifyMode : std::uint8_t {
  kFull,   ///< header, tables and every payload: any single-bit flip is refused (default)
  kTable,  ///< header and tables now, each payload when it is first read
};

/// How a reader holds the bytes.
enum class Residence : std::uint8_t { kCopy, kMap };

/// Read side; immutable after construction, safe to share between threads. Memory: the file's size and a little for its
/// tables, whatever the bytes claim.
class MaskReader {
 public:
  /// Throws kIo, kMalformed (a rule of schemas/masks.md is broken) or kIntegrity (a hash or the file size differs), one
  /// line with file, field, byte offset, value and limit.
  explicit MaskReader(const std::filesystem::path& path, VerifyMode verify = VerifyMode::kFull,
                      Residence residence = Residence::kCopy);
  /// Parses bytes already in memory (tests, embedding), all proven; they are copied.
  explicit MaskReader(std::span<const std::byte> bytes);
  ~MaskReader();
  MaskReader(MaskReader&&) noexcept;
  MaskReader& operator=(MaskReader&&) noexcept;

  [[nodiscard]] const MaskMeta& meta() const noexcept;
  /// Words of one head, [rows][words], or an empty span when the head is dense. Valid while the reader lives. Throws
  /// kUsage when there is no such site; with kTable the errors of a first read.
  [[nodiscard]] std::span<const std::uint32_t> bits(const SectionKey& key, std::uint32_t head) const;
  /// Kept work / total work of one head, and of one phase over both branches and all sites.
  [[nodiscard]] double density(const SectionKey& key, std::uint32_t head) const;
  [[nodiscard]] double phase_density(std::uint32_t phase) const;
  /// Proves every payload that is not proven yet, on all processors; throws kMalformed or kIntegrity naming section,
  /// head and field.
  void validate() const;
  /// The same for the payloads of `count` phases from `first` on. Throws kUsage when there are no such phases.
  void validate(std::uint32_t first, std::uint32_t count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wean
