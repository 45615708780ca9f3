#include <algorithm>

#include "schemas/masks/head.h"
#include "schemas/masks/layout.h"

namespace wean::masks {
namespace {

void store_container(std::span<std::byte> out, const FileHead& head, std::uint64_t file_bytes) {
  store(out, 0, kMagic);
  store(out, header::kMajor, kMajor);
  store(out, header::kMinor, kMinor);
  store(out, header::kHeaderBytes, kHeaderBytes);
  store(out, header::kFileBytes, file_bytes);
  store(out, header::kSections, static_cast<std::uint32_t>(head.sections.size()));
  store(out, header::kEntryBytes, kEntryBytes);
  store(out, header::kAlign, kAlign);
  store(out, header::kHash, kHashSha256);
  store(out, header::kSchema, kSchema);
}

void store_meta(std::span<std::byte> out, const FileHead& head) {
  const MaskMeta& meta = head.meta;
  store(out, header::kPhases, static_cast<std::uint32_t>(meta.phases.size()));
  store(out, header::kBranches, meta.branches);
  store(out, header::kExperts, meta.model.experts);
  store(out, header::kLayers, meta.model.layers);
  store(out, header::kHeads, meta.model.heads);
  store(out, header::kHeadDim, meta.model.head_dim);
  store(out, header::kFrames, static_cast<std::uint32_t>(meta.grid.frames));
  store(out, header::kHeight, static_cast<std::uint32_t>(meta.grid.height));
  store(out, header::kWidth, static_cast<std::uint32_t>(meta.grid.width));
  store(out, header::kQBlock, static_cast<std::uint32_t>(meta.geometry.q_block));
  store(out, header::kKBlock, static_cast<std::uint32_t>(meta.geometry.k_block));
  store(out, header::kDensity, density_of(head, 0, head.sections.size(), true));
  store(out, header::kWeights, meta.model.weights);
  store(out, header::kConfig, meta.model.config);
  store(out, header::kQuick, meta.model.quick);
  store(out, header::kRecipe, meta.recipe);
  const auto family = std::as_bytes(std::span(meta.model.family));
  std::copy(family.begin(), family.end(), out.begin() + header::kFamily);
}

void store_entry(std::span<std::byte> out, const SectionEntry& section) {
  store(out, entry::kPhase, section.key.phase);
  store(out, entry::kBranch, static_cast<std::uint32_t>(section.key.branch));
  store(out, entry::kExpert, section.key.expert);
  store(out, entry::kLayer, section.key.layer);
  store(out, entry::kKind, kKindHeadBits);
  store(out, entry::kSlots, section.slots);
  store(out, entry::kOffset, section.offset);
  store(out, entry::kBytes, section.bytes);
  store(out, entry::kPopcount, section.popcount);
  store(out, entry::kKeptWork, section.kept_work);
  store(out, entry::kSha, section.sha);
}

}  // namespace

std::vector<std::byte> encode_head(const FileHead& head, std::uint64_t file_bytes) {
  const std::uint64_t end = tables_end(head.meta);
  std::vector<std::byte> bytes(aligned(end));
  const std::span<std::byte> out = bytes;
  store_container(out, head, file_bytes);
  store_meta(out, head);
  std::size_t at = kHeaderBytes;
  for (const Phase& phase : head.meta.phases) {
    store(out, at + phase::kSigmaLow, phase.sigma_low + 0.0);  // -0 becomes 0
    store(out, at + phase::kSteps, phase.steps);
    at += kPhaseBytes;
  }
  for (const SectionEntry& section : head.sections) {
    store_entry(out.subspan(at, kEntryBytes), section);
    at += kEntryBytes;
  }
  Sha256 root;
  root.update(out.first(header::kRoot)).update(out.subspan(kHeaderBytes, end - kHeaderBytes));
  store(out, header::kRoot, root.finish());
  return bytes;
}

}  // namespace wean::masks
