#include "tests/schemas/masks/samples.h"

#include <algorithm>
#include <random>

#include "schemas/masks/encoder.h"

namespace wean::test {
namespace {

Digest counting_digest(std::uint8_t first) {
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::uint8_t>(first + i);
  return digest;
}

MaskMeta meta_of(const Grid& grid, std::int64_t block, PhaseTable phases) {
  MaskMeta meta;
  meta.model = {"tiny-wan", 1, 1, 3, 64, counting_digest(0), counting_digest(32), counting_digest(64)};
  meta.recipe = counting_digest(96);
  meta.grid = grid;
  meta.geometry = square_blocks(grid.tokens(), block);
  meta.phases = std::move(phases);
  return meta;
}

}  // namespace

Content tiny_content() {
  Content content{meta_of({1, 2, 5}, 4, {{1.0, 0.75, 1}, {0.75, 0.0, 3}}), {}};
  const HeadMask band{false, {0b011, 0b111, 0b110}};
  const std::vector<HeadMask> dense(3);
  const std::vector<HeadMask> sparse = {HeadMask{}, band, band};
  content.sections = {dense, dense, sparse, sparse};
  return content;
}

Content golden_content() {
  Content content{meta_of({7, 13, 14}, 16, {{1.0, 0.8125, 5}, {0.8125, 0.0, 15}}), {}};
  MaskMeta& meta = content.meta;
  meta.model.layers = 2;
  meta.model.heads = 4;
  const HeadMask empty = random_map(meta.geometry, 0, 0);
  for (std::uint64_t i = 0; i < 8; ++i) {
    const double density = 0.1 + 0.1 * static_cast<double>(i);
    const HeadMask first = random_map(meta.geometry, density, 2 * i);
    const HeadMask second = random_map(meta.geometry, 1 - density, 2 * i + 1);
    content.sections.push_back({first, HeadMask{}, second, i == 3 ? empty : (i % 2 == 0 ? first : second)});
  }
  content.sections[6] = content.sections[4];
  return content;
}

std::vector<std::byte> encode(const Content& content) {
  masks::MaskEncoder encoder(content.meta, "test masks");
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < content.sections.size(); ++i) {
    const auto placed = encoder.add(masks::section_key(content.meta, i), content.sections[i]);
    if (placed.bytes.empty()) continue;
    bytes.resize(placed.offset);
    bytes.insert(bytes.end(), placed.bytes.begin(), placed.bytes.end());
  }
  const std::vector<std::byte> head = encoder.head();
  std::copy(head.begin(), head.end(), bytes.begin());
  return bytes;
}

Content content_of(const MaskReader& reader) {
  Content content{reader.meta(), {}};
  for (std::size_t i = 0; i < masks::section_count(content.meta); ++i) {
    std::vector<HeadMask>& heads = content.sections.emplace_back(content.meta.model.heads);
    for (std::uint32_t head = 0; head < heads.size(); ++head) {
      const auto bits = reader.bits(masks::section_key(content.meta, i), head);
      heads[head] = {bits.empty(), {bits.begin(), bits.end()}};
    }
  }
  return content;
}

std::vector<std::byte> encode_again(const std::vector<std::byte>& bytes) {
  return encode(content_of(MaskReader(bytes)));
}

HeadMask random_map(const BlockGeometry& geometry, double density, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  HeadMask mask{false, std::vector<std::uint32_t>(static_cast<std::size_t>(geometry.rows() * geometry.words()))};
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v) {
      const bool keep = static_cast<double>(random() >> 11) * 0x1p-53 < density;
      if (keep) mask.bits[static_cast<std::size_t>(u * geometry.words() + v / 32)] |= std::uint32_t{1} << (v % 32);
    }
  }
  return mask;
}

std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(WEAN_SOURCE_DIR) / "tests/golden/masks" / name;
}

}  // namespace wean::test
