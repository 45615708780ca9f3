#include "schemas/masks/encoder.h"

#include <utility>

#include "schemas/masks/layout.h"

namespace wean::masks {

MaskEncoder::MaskEncoder(MaskMeta meta, std::string file) : file_(std::move(file)) {
  check_meta(meta, file_, ErrorCode::kUsage);
  head_.meta = std::move(meta);
  end_ = tables_end(head_.meta);
}

MaskEncoder::Placed MaskEncoder::add(const SectionKey& key, std::span<const HeadMask> heads) {
  const std::size_t index = head_.sections.size();
  require(index < section_count(head_.meta), ErrorCode::kSelfCheck, file_, ": section ", index, "; the file has ",
          section_count(head_.meta));
  require(key == section_key(head_.meta, index), ErrorCode::kSelfCheck, file_, ": phase ", key.phase, ", branch ",
          static_cast<int>(key.branch), ", expert ", key.expert, ", layer ", key.layer, " out of order; expected ",
          section_name(head_.meta, index));
  EncodedSection section = encode_section(head_.meta, key, heads);
  const auto [found, fresh] = first_with_.try_emplace(section.entry.sha, index);
  if (!fresh) {
    section.entry.offset = head_.sections[found->second].offset;
    head_.sections.push_back(section.entry);
    return {section.entry.offset, {}};
  }
  section.entry.offset = aligned(end_);
  end_ = section.entry.offset + section.payload.size();
  maps_ += section.entry.slots;
  head_.sections.push_back(section.entry);
  return {section.entry.offset, std::move(section.payload)};
}

void MaskEncoder::require_complete() const {
  require(head_.sections.size() == section_count(head_.meta), ErrorCode::kSelfCheck, file_, ": ", head_.sections.size(),
          " sections written; the file has ", section_count(head_.meta));
}

std::vector<std::byte> MaskEncoder::head() const {
  require_complete();
  return encode_head(head_, end_);
}

double MaskEncoder::global_density() const {
  require_complete();
  return density_of(head_, 0, head_.sections.size(), true);
}

}  // namespace wean::masks
