// Lays sections out one after another: what MaskWriter does on disk, without the disk. Internal to this folder and its
// tests.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "schemas/masks/payload.h"

namespace wean::masks {

class MaskEncoder {
 public:
  /// Throws kUsage when `meta` breaks a limit. `file` names the output in messages.
  MaskEncoder(MaskMeta meta, std::string file);
  /// Where a section's bytes go; `bytes` is empty when an earlier section has the same ones.
  struct Placed {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
  };
  /// Sections in key order. Throws kSelfCheck naming what is out of order or does not fit.
  [[nodiscard]] Placed add(const SectionKey& key, std::span<const HeadMask> heads);
  /// Bytes [0, first payload). Throws kSelfCheck when a section is missing.
  [[nodiscard]] std::vector<std::byte> head() const;
  [[nodiscard]] double global_density() const;
  /// Of the sections added so far.
  [[nodiscard]] MaskTotals totals() const noexcept { return {end_, maps_}; }
  [[nodiscard]] const MaskMeta& meta() const noexcept { return head_.meta; }

 private:
  void require_complete() const;

  std::string file_;
  FileHead head_;
  std::map<Digest, std::size_t> first_with_;
  std::uint64_t end_ = 0;
  std::uint64_t maps_ = 0;
};

}  // namespace wean::masks
