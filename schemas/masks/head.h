// Everything before the first payload: header, phase table, section table. Internal to this folder and its tests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "schemas/masks/masks.h"

namespace wean::masks {

/// One row of the section table.
struct SectionEntry {
  SectionKey key;
  std::uint32_t slots = 0;      ///< stored bit maps
  std::uint64_t offset = 0;     ///< of the payload in the file
  std::uint64_t bytes = 0;      ///< of the payload, without padding after it
  std::uint64_t popcount = 0;   ///< set bits over the slots
  std::uint64_t kept_work = 0;  ///< kept token pairs over the heads
  Digest sha{};                 ///< of the payload
};

struct FileHead {
  MaskMeta meta;
  std::vector<SectionEntry> sections;
};

/// Throws `code` naming `file`, the field and its byte offset when `meta` cannot be stored. Reader and writer share it.
void check_meta(const MaskMeta& meta, const std::string& file, ErrorCode code);

/// Number of sections, their place in the table, and sizes that follow from a checked meta.
[[nodiscard]] std::uint64_t section_count(const MaskMeta& meta);
[[nodiscard]] std::size_t section_index(const MaskMeta& meta, const SectionKey& key);
[[nodiscard]] SectionKey section_key(const MaskMeta& meta, std::size_t index);
[[nodiscard]] std::uint64_t tables_end(const MaskMeta& meta);
/// Token pairs of one section, all heads.
[[nodiscard]] std::uint64_t section_work(const MaskMeta& meta);
/// Kept over total work of sections [begin, end), each weighted by the steps of its phase unless `weighted` is false.
[[nodiscard]] double density_of(const FileHead& head, std::size_t begin, std::size_t end, bool weighted);
/// "section 3 (phase 0, branch 1, expert 0, layer 1)".
[[nodiscard]] std::string section_name(const MaskMeta& meta, std::size_t index);

/// Canonical bytes [0, first payload): g, file size and root hash are computed from `head`.
[[nodiscard]] std::vector<std::byte> encode_head(const FileHead& head, std::uint64_t file_bytes);

/// Proves of the first bytes of a file of `size` bytes what needs no table: a mask file of a version that this wean
/// reads, of that size. Throws as decode_head.
void check_start(std::span<const std::byte> start, std::uint64_t size, const std::string& file);

/// Parses and proves the same bytes at the start of a whole file: every field, the tiling of the payloads and the zero
/// padding between them; not the payloads. Throws kMalformed or kIntegrity naming `file`.
[[nodiscard]] FileHead decode_head(std::span<const std::byte> bytes, const std::string& file);

}  // namespace wean::masks
