#include <algorithm>

#include "schemas/masks/layout.h"
#include "schemas/masks/payload.h"

namespace wean::masks {
namespace {

using Map = std::span<const std::uint32_t>;

/// Throws when a head's words cannot be a map of this geometry.
void check_map(const MaskMeta& meta, const std::string& where, std::size_t head, Map map) {
  const BlockGeometry& geometry = meta.geometry;
  const auto words = static_cast<std::size_t>(geometry.rows() * geometry.words());
  require(map.size() == words, ErrorCode::kSelfCheck, where, ", head ", head, ": ", map.size(), " words; allowed are ",
          words);
  const std::int64_t stray = row_with_stray_bit(map, geometry);
  require(stray == geometry.rows(), ErrorCode::kSelfCheck, where, ", head ", head, ", row ", stray,
          ": a bit past the last column ", geometry.cols() - 1, " is set");
}

/// The head table and the distinct maps in the order of their first use.
struct Slots {
  std::vector<std::uint32_t> table;
  std::vector<Map> maps;
  MapCounts counts;
};

Slots assign_slots(const MaskMeta& meta, const std::string& where, std::span<const HeadMask> heads) {
  Slots slots;
  const auto tokens = static_cast<std::uint64_t>(meta.grid.tokens());
  for (std::size_t head = 0; head < heads.size(); ++head) {
    const Map map = heads[head].bits;
    if (!heads[head].dense) check_map(meta, where, head, map);
    const MapCounts counts = heads[head].dense ? MapCounts{} : count_map(map, meta.geometry);
    if (heads[head].dense || counts.popcount == static_cast<std::uint64_t>(meta.geometry.pairs())) {
      slots.table.push_back(kDenseSlot);
      slots.counts.kept_work += tokens * tokens;
      continue;
    }
    const auto found = std::find_if(slots.maps.begin(), slots.maps.end(),
                                    [&](Map other) { return std::equal(map.begin(), map.end(), other.begin()); });
    slots.table.push_back(static_cast<std::uint32_t>(found - slots.maps.begin()));
    slots.counts.kept_work += counts.kept_work;
    if (found != slots.maps.end()) continue;
    slots.maps.push_back(map);
    slots.counts.popcount += counts.popcount;
  }
  return slots;
}

}  // namespace

EncodedSection encode_section(const MaskMeta& meta, const SectionKey& key, std::span<const HeadMask> heads) {
  const std::string where = "masks of " + section_name(meta, section_index(meta, key));
  require(heads.size() == meta.model.heads, ErrorCode::kSelfCheck, where, ": ", heads.size(), " heads; allowed are ",
          meta.model.heads);
  const Slots slots = assign_slots(meta, where, heads);
  EncodedSection section;
  const std::uint64_t table = aligned(std::uint64_t{meta.model.heads} * 4);
  const auto map_bytes = static_cast<std::uint64_t>(meta.geometry.rows() * meta.geometry.words()) * 4;
  section.payload.resize(table + slots.maps.size() * map_bytes);
  const auto copy = [&](std::size_t offset, Map words) {
    const auto bytes = std::as_bytes(words);
    std::copy(bytes.begin(), bytes.end(), section.payload.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  copy(0, slots.table);
  for (std::size_t slot = 0; slot < slots.maps.size(); ++slot) copy(table + slot * map_bytes, slots.maps[slot]);
  section.entry = {key,
                   static_cast<std::uint32_t>(slots.maps.size()),
                   0,
                   section.payload.size(),
                   slots.counts.popcount,
                   slots.counts.kept_work,
                   sha256(section.payload)};
  return section;
}

}  // namespace wean::masks
