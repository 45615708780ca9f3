#include "schemas/masks/head.h"

#include <algorithm>

#include "common/base/checked.h"
#include "schemas/masks/layout.h"

namespace wean::masks {
namespace {

// Sums of steps * work pass 64 bits.
__extension__ using Wide = unsigned __int128;

struct MetaChecker {
  const std::string& file;
  ErrorCode code;

  void range(const char* field, std::size_t offset, std::int64_t value, std::int64_t low, std::int64_t high) const {
    require(value >= low && value <= high, code, file, ": ", field, " at byte ", offset, ": ", value, "; allowed are ",
            low, " to ", high);
  }

  void model(const ModelIdentity& model) const {
    range("experts", header::kExperts, model.experts, 1, kMaxExperts);
    range("layers", header::kLayers, model.layers, 1, kMaxLayers);
    range("heads", header::kHeads, model.heads, 1, kMaxHeads);
    range("head_dim", header::kHeadDim, model.head_dim, 1, kMaxHeadDim);
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    };
    const std::string& family = model.family;
    require(!family.empty() && family.size() <= kFamilyBytes && std::all_of(family.begin(), family.end(), allowed),
            code, file, ": family at byte ", header::kFamily, ": allowed are 1 to ", kFamilyBytes,
            " letters, digits, '.', '_' and '-', then zeros");
  }

  void grid(const MaskMeta& meta) const {
    range("grid frames", header::kFrames, meta.grid.frames, 1, kMaxTokens);
    range("grid height", header::kHeight, meta.grid.height, 1, kMaxTokens);
    range("grid width", header::kWidth, meta.grid.width, 1, kMaxTokens);
    range("q_block", header::kQBlock, meta.geometry.q_block, 1, kMaxBlock);
    range("k_block", header::kKBlock, meta.geometry.k_block, 1, kMaxBlock);
    const auto area = checked_mul(meta.grid.frames, meta.grid.height);
    const auto tokens = area ? checked_mul(*area, meta.grid.width) : area;
    require(tokens && *tokens <= kMaxTokens, code, file, ": grid ", to_string(meta.grid), " at byte ", header::kFrames,
            ": more than ", kMaxTokens, " tokens");
    require(meta.geometry.q_tokens == *tokens && meta.geometry.k_tokens == *tokens, code, file, ": geometry of ",
            meta.geometry.q_tokens, " x ", meta.geometry.k_tokens, " tokens; the grid ", to_string(meta.grid), " has ",
            *tokens);
    const auto square = static_cast<std::uint64_t>(*tokens) * static_cast<std::uint64_t>(*tokens);
    require(checked_mul<std::uint64_t>(square, meta.model.heads).has_value(), code, file, ": heads at byte ",
            header::kHeads, ": ", meta.model.heads, " x ", *tokens, " x ", *tokens,
            " token pairs; allowed are 2^64 - 1");
  }

  void phases(const MaskMeta& meta) const {
    range("phases", header::kPhases, static_cast<std::int64_t>(meta.phases.size()), 1, kMaxPhases);
    try {
      check_phases(meta.phases, file);
    } catch (const Error& error) {
      throw Error(code, error.what());
    }
    const bool any = std::any_of(meta.phases.begin(), meta.phases.end(), [](const Phase& p) { return p.steps > 0; });
    require(any, code, file, ": steps at byte ", kHeaderBytes + phase::kSteps,
            ": no phase has a step; at least one is required");
  }
};

}  // namespace

void check_meta(const MaskMeta& meta, const std::string& file, ErrorCode code) {
  const MetaChecker check{file, code};
  check.model(meta.model);
  check.range("branches", header::kBranches, meta.branches, 1, kMaxBranches);
  check.grid(meta);
  check.phases(meta);
  const std::uint64_t count = section_count(meta);
  require(count <= kMaxSections, code, file, ": sections at byte ", header::kSections, ": ", count,
          "; allowed are 1 to ", kMaxSections);
}

std::uint64_t section_count(const MaskMeta& meta) {
  return std::uint64_t{meta.phases.size()} * meta.branches * meta.model.experts * meta.model.layers;
}

std::size_t section_index(const MaskMeta& meta, const SectionKey& key) {
  const std::size_t branch = std::size_t{key.phase} * meta.branches + static_cast<std::size_t>(key.branch);
  return (branch * meta.model.experts + key.expert) * meta.model.layers + key.layer;
}

SectionKey section_key(const MaskMeta& meta, std::size_t index) {
  SectionKey key;
  key.layer = static_cast<std::uint32_t>(index % meta.model.layers);
  index /= meta.model.layers;
  key.expert = static_cast<std::uint32_t>(index % meta.model.experts);
  index /= meta.model.experts;
  key.branch = static_cast<Branch>(index % meta.branches);
  key.phase = static_cast<std::uint32_t>(index / meta.branches);
  return key;
}

std::uint64_t tables_end(const MaskMeta& meta) {
  return kHeaderBytes + meta.phases.size() * kPhaseBytes + section_count(meta) * kEntryBytes;
}

std::uint64_t section_work(const MaskMeta& meta) {
  const auto tokens = static_cast<std::uint64_t>(meta.grid.tokens());
  return tokens * tokens * meta.model.heads;
}

double density_of(const FileHead& head, std::size_t begin, std::size_t end, bool weighted) {
  Wide kept = 0;
  Wide total = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const SectionEntry& section = head.sections[i];
    const Wide steps = weighted ? head.meta.phases[section.key.phase].steps : 1U;
    kept += steps * section.kept_work;
    total += steps * section_work(head.meta);
  }
  return static_cast<double>(kept) / static_cast<double>(total);
}

std::string section_name(const MaskMeta& meta, std::size_t index) {
  const SectionKey key = section_key(meta, index);
  return "section " + std::to_string(index) + " (phase " + std::to_string(key.phase) + ", branch " +
         std::to_string(static_cast<int>(key.branch)) + ", expert " + std::to_string(key.expert) + ", layer " +
         std::to_string(key.layer) + ")";
}

}  // namespace wean::masks
