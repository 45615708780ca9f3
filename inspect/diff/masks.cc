#include <algorithm>
#include <bit>
#include <span>

#include "common/base/stop.h"
#include "inspect/diff/diff.h"

namespace wean::inspect {
namespace {

struct Counts {
  std::uint64_t both = 0, any = 0;
};

/// Pairs kept by both and by any; an empty map is dense.
Counts count(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b, const BlockGeometry& geometry) {
  const auto pairs = static_cast<std::uint64_t>(geometry.pairs());
  Counts counts;
  const std::size_t words = std::max(a.size(), b.size());
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint32_t left = a.empty() ? ~0U : a[i];
    const std::uint32_t right = b.empty() ? ~0U : b[i];
    counts.both += static_cast<std::uint64_t>(std::popcount(left & right));
    counts.any += static_cast<std::uint64_t>(std::popcount(left | right));
  }
  if (words == 0) return {pairs, pairs};
  if (a.empty() || b.empty()) counts.any = pairs;  // a dense map has no unused bits to count
  return counts;
}

MaskOverlap compare_layer(const MaskReader& a, const MaskReader& b, std::uint32_t phase, std::uint32_t layer) {
  const MaskMeta& meta = a.meta();
  MaskOverlap overlap{phase, layer, 0, 0, 0, 0};
  double sites = 0;
  for (std::uint32_t branch = 0; branch < meta.branches; ++branch) {
    const SectionKey key{phase, static_cast<Branch>(branch), layer / meta.model.layers, layer % meta.model.layers};
    for (std::uint32_t head = 0; head < meta.model.heads; ++head, ++sites) {
      const Counts counts = count(a.bits(key, head), b.bits(key, head), meta.geometry);
      overlap.iou += counts.any > 0 ? static_cast<double>(counts.both) / static_cast<double>(counts.any) : 1;
      overlap.density_a += a.density(key, head);
      overlap.density_b += b.density(key, head);
      overlap.differing += counts.both != counts.any ? 1U : 0U;
    }
  }
  overlap.iou /= sites;
  overlap.density_a /= sites;
  overlap.density_b /= sites;
  return overlap;
}

bool same_shape(const MaskMeta& a, const MaskMeta& b) {
  return a.geometry == b.geometry && a.phases.size() == b.phases.size() && a.branches == b.branches &&
         a.model.experts == b.model.experts && a.model.layers == b.model.layers && a.model.heads == b.model.heads;
}

}  // namespace

void diff_masks(Difference& difference) {
  const MaskReader a(difference.a, VerifyMode::kTable, Residence::kMap);
  const MaskReader b(difference.b, VerifyMode::kTable, Residence::kMap);
  difference.fields = diff_fields(fields_of(a.meta()), fields_of(b.meta()));
  if (!same_shape(a.meta(), b.meta())) {
    difference.note = "bits are not compared: blocks, phases or sites differ";
    return;
  }
  const std::uint32_t layers = a.meta().model.experts * a.meta().model.layers;
  for (std::uint32_t phase = 0; phase < a.meta().phases.size(); ++phase) {
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      throw_if_stopped("nothing was changed; run it again");
      difference.overlaps.push_back(compare_layer(a, b, phase, layer));
    }
  }
}

}  // namespace wean::inspect
