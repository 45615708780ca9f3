// Mask files made in memory for the tests: contents, their bytes, and back.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "schemas/masks/masks.h"

namespace wean::test {

/// Decoded content of a whole file: heads of every section in key order.
struct Content {
  MaskMeta meta;
  std::vector<std::vector<HeadMask>> sections;
};

/// The worked example of schemas/masks.md: 10 tokens in blocks of 4, 2 phases, 1 layer, 3 heads.
[[nodiscard]] Content tiny_content();
/// About 16 KiB: 1,274 tokens in blocks of 16, 2 phases, 2 layers, 4 heads; dense, equal and empty heads, one shared
/// section.
[[nodiscard]] Content golden_content();

[[nodiscard]] std::vector<std::byte> encode(const Content& content);
/// Reads everything back through the public reader.
[[nodiscard]] Content content_of(const MaskReader& reader);
/// encode(content_of(reader of bytes)).
[[nodiscard]] std::vector<std::byte> encode_again(const std::vector<std::byte>& bytes);

/// A map with each bit set with probability `density`, from a fixed generator.
[[nodiscard]] HeadMask random_map(const BlockGeometry& geometry, double density, std::uint64_t seed);
/// A committed file of tests/golden/masks.
[[nodiscard]] std::filesystem::path golden_path(const std::string& name);

}  // namespace wean::test
