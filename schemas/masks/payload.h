// The payload of one section: a head table, then the bit maps it points to. Internal to this folder and its tests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schemas/masks/head.h"

namespace wean::masks {

/// Counts of bit maps: set bits, and the token pairs they keep.
struct MapCounts {
  std::uint64_t popcount = 0;
  std::uint64_t kept_work = 0;
};

/// Counts of one map [rows][words] whose bits past the last column are zero.
[[nodiscard]] MapCounts count_map(std::span<const std::uint32_t> map, const BlockGeometry& geometry);
/// First row with a bit past the last column, or rows() when there is none.
[[nodiscard]] std::int64_t row_with_stray_bit(std::span<const std::uint32_t> map, const BlockGeometry& geometry);

/// A section's canonical payload; `entry` has everything but the offset.
struct EncodedSection {
  SectionEntry entry;
  std::vector<std::byte> payload;
};
/// Throws kSelfCheck naming section, head and field when `heads` do not fit `meta`. Full maps become dense.
[[nodiscard]] EncodedSection encode_section(const MaskMeta& meta, const SectionKey& key,
                                            std::span<const HeadMask> heads);

/// A proven or to-be-proven payload inside a file.
class PayloadView {
 public:
  /// `payload` has the entry's size and is 4-byte aligned.
  PayloadView(std::span<const std::byte> payload, const MaskMeta& meta) : payload_(payload), meta_(&meta) {}
  /// Slot of a head, kDenseSlot for a dense one. Not proven: compare with the slots before use.
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t head) const;
  /// The words of one slot below the section's slot count.
  [[nodiscard]] std::span<const std::uint32_t> map(std::uint32_t slot) const;
  /// Proves hash, head table, padding, stray bits, counts and uniqueness. Throws kIntegrity when the hash differs and
  /// kMalformed otherwise, naming `file` and the section at `index`.
  void prove(const SectionEntry& entry, const std::string& file, std::size_t index) const;

 private:
  std::span<const std::byte> payload_;
  const MaskMeta* meta_;
};

}  // namespace wean::masks
