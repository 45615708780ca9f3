// A mask file for two layers of three heads over ragged blocks, written with the public writer.
#pragma once
#include <cstdint>
#include <memory>
#include <random>

#include "schemas/masks/masks.h"
#include "tests/support/temp_dir.h"
#include "verify/masked_attention.h"

namespace wean::test {

/// Two phases (split at sigma .6); in phase 0 every head is dense, in phase 1 heads keep about half their pairs and
/// head 2 has an empty first row.
inline std::shared_ptr<verify::SiteMasks> write_masks(std::int64_t q_block, std::int64_t k_block) {
  MaskMeta meta;
  meta.model = {"wan2.1-t2v", 1, 2, 3, 8, sha256("w"), sha256("c"), sha256("q")};
  meta.grid = {3, 5, 5};
  meta.geometry = {75, 75, q_block, k_block};
  meta.phases = {{1.0, 0.6, 4}, {0.6, 0.0, 6}};
  meta.global_density = 1;
  const BlockGeometry g = meta.geometry;
  const testing::TempDir folder;
  const auto path = folder / "masks.wean";
  MaskWriter writer(path, meta, true);
  std::mt19937 random(5);
  for (std::uint32_t phase = 0; phase < 2; ++phase) {
    for (const Branch branch : {Branch::kConditional, Branch::kUnconditional}) {
      for (std::uint32_t layer = 0; layer < 2; ++layer) {
        std::vector<HeadMask> heads(3);
        for (std::size_t head = 0; phase == 1 && head < 3; ++head) {
          heads[head].dense = false;
          heads[head].bits.resize(static_cast<std::size_t>(g.rows() * g.words()));
          for (std::int64_t u = 0; u < g.rows(); ++u) {
            for (std::int64_t v = 0; v < g.cols(); ++v) {
              const bool keep = !(head == 2 && u == 0) && (v == u || random() % 2 == 0);
              if (keep) heads[head].bits[static_cast<std::size_t>(u * g.words() + v / 32)] |= 1u << (v % 32);
            }
          }
        }
        writer.write({phase, branch, 0, layer}, heads);
      }
    }
  }
  writer.finish();
  return std::make_shared<verify::SiteMasks>(std::make_shared<verify::MaskFile>(path));
}

}  // namespace wean::test
