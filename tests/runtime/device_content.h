// A mask file that GPUs take, and what belongs to it.
#pragma once
#include "tests/schemas/masks/samples.h"

namespace wean::test {

/// 300 tokens, 2 phases, 2 branches, 2 layers, 3 heads of 64. In phase 0 both branches are equal; a head of each
/// section is dense; in phase 1 a head keeps nothing.
[[nodiscard]] inline Content device_content(std::int64_t q_block, std::int64_t k_block) {
  Content content = tiny_content();
  MaskMeta& meta = content.meta;
  meta.grid = {3, 10, 10};
  meta.geometry = {300, 300, q_block, k_block};
  meta.model.layers = 2;
  content.sections.clear();
  for (std::uint64_t i = 0; i < 8; ++i) {
    const std::uint64_t seed = i < 4 ? i % 2 : i;  // sections go phase, branch, layer
    const HeadMask first = random_map(meta.geometry, 0.5, 10 + seed),
                   last = random_map(meta.geometry, i < 4 ? 0.7 : 0, seed);
    content.sections.push_back({first, HeadMask{}, last});
  }
  return content;
}

}  // namespace wean::test
