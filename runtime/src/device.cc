#include "runtime/src/device.h"

#include <map>
#include <span>

#include "common/base/error.h"

namespace wean::runtime {
namespace {

/// The phases that the caller asked for.
struct PhaseRange {
  std::uint32_t first, count;
};

PhaseRange phases_of(const MaskMeta& meta, const wean_upload_params& params) {
  const auto phases = static_cast<std::uint32_t>(meta.phases.size());
  require(params.first_phase < phases, ErrorCode::kUsage, "wean_upload_params.first_phase ", params.first_phase,
          "; allowed are 0 to ", phases - 1);
  const std::uint32_t most = phases - params.first_phase;
  require(params.phases <= most, ErrorCode::kUsage, "wean_upload_params.phases ", params.phases, "; allowed are 1 to ",
          most, ", and 0 for all");
  return {params.first_phase, params.phases == 0 ? most : params.phases};
}

/// Says what a GPU needs and which file to make.
void check_geometry(const MaskMeta& meta) {
  const BlockGeometry& g = meta.geometry;
  require(g.q_block == 128 && (g.k_block == 128 || g.k_block == 64), ErrorCode::kUsage, "the mask file has blocks of ",
          g.q_block, "x", g.k_block,
          "; the GPU kernels need 128x128 or 128x64: make the file from the same plan with "
          "wean-pack --block 128x128");
  const std::uint32_t dim = meta.model.head_dim;
  require(dim == 64 || dim == 128, ErrorCode::kUsage, "the mask file is for head_dim ", dim,
          "; the GPU kernels need 64 or 128");
}

kernels::CudaMask shape_of(const MaskMeta& meta) {
  kernels::CudaMask shape;
  shape.heads = meta.model.heads;
  shape.q_tokens = meta.geometry.q_tokens;
  shape.k_tokens = meta.geometry.k_tokens;
  shape.q_block = meta.geometry.q_block;
  shape.k_block = meta.geometry.k_block;
  return shape;
}

/// Bits of each head; an empty span for a dense one.
using Heads = std::vector<std::span<const std::uint32_t>>;

Heads heads_of(const MaskReader& reader, const SectionKey& key) {
  Heads heads(reader.meta().model.heads);
  for (std::uint32_t head = 0; head < heads.size(); ++head) heads[head] = reader.bits(key, head);
  return heads;
}

/// The different sections of a range of phases. Equal ones lie in one place in the file, so that their addresses tell.
struct Sections {
  kernels::SectionTable table;
  std::vector<Heads> different;

  Sections(const MaskReader& reader, const PhaseRange& range) {
    const MaskMeta& meta = reader.meta();
    table.first_phase = range.first, table.phases = range.count;
    table.branches = meta.branches, table.experts = meta.model.experts, table.layers = meta.model.layers;
    for (std::uint32_t phase = range.first; phase < range.first + range.count; ++phase) {
      for (std::uint32_t branch = 0; branch < meta.branches; ++branch) {
        for (std::uint32_t expert = 0; expert < meta.model.experts; ++expert) {
          for (std::uint32_t layer = 0; layer < meta.model.layers; ++layer) {
            add(heads_of(reader, {phase, static_cast<Branch>(branch), expert, layer}));
          }
        }
      }
    }
  }

 private:
  void add(Heads heads) {
    std::vector<const std::uint32_t*> place;
    for (const auto& bits : heads) place.push_back(bits.data());
    const auto [found, fresh] = known_.try_emplace(std::move(place), static_cast<std::int32_t>(different.size()));
    if (fresh) different.push_back(std::move(heads));
    table.section.push_back(found->second);
  }
  std::map<std::vector<const std::uint32_t*>, std::int32_t> known_;
};

/// Heads one behind the other, dense ones as ones.
void expand(const Heads& heads, std::size_t words, std::vector<std::uint32_t>& to) {
  to.clear();
  for (const auto& bits : heads) {
    if (bits.empty()) to.insert(to.end(), words, ~std::uint32_t{0});
    to.insert(to.end(), bits.begin(), bits.end());
  }
}

}  // namespace

std::uint64_t device_bytes(const MaskReader& reader, const wean_upload_params& params) {
  const PhaseRange range = phases_of(reader.meta(), params);
  check_geometry(reader.meta());
  reader.validate(range.first, range.count);
  const Sections sections(reader, range);
  return kernels::CudaSections::bytes(shape_of(reader.meta()), static_cast<std::int64_t>(sections.different.size()),
                                      sections.table);
}

std::unique_ptr<wean_device_masks> open_on_device(const MaskReader& reader, const wean_upload_params& params) {
  const PhaseRange range = phases_of(reader.meta(), params);
  require(params.device >= -1, ErrorCode::kUsage, "wean_upload_params.device ", params.device,
          "; allowed are 0 and above, and -1 for the current one");
  check_geometry(reader.meta());
  reader.validate(range.first, range.count);
  const Sections sections(reader, range);
  auto masks = std::make_unique<wean_device_masks>(reader.meta(), shape_of(reader.meta()), sections.table,
                                                   static_cast<std::int64_t>(sections.different.size()), params.device);
  const BlockGeometry& geometry = reader.meta().geometry;
  std::vector<std::uint32_t> bits;
  for (std::size_t i = 0; i < sections.different.size(); ++i) {
    expand(sections.different[i], static_cast<std::size_t>(geometry.rows() * geometry.words()), bits);
    masks->sections.upload(static_cast<std::int32_t>(i), bits.data());
  }
  masks->sections.finish();
  return masks;
}

std::int32_t section_at(const wean_device_masks& masks, const wean_site& site) {
  const kernels::SectionTable& t = masks.sections.table();
  const auto within = [](const char* name, std::int64_t value, std::int64_t first, std::int64_t count) {
    require(value >= first && value < first + count, ErrorCode::kUsage, "site.", name, " ", value, "; on the GPU are ",
            first, " to ", first + count - 1);
    return value - first;
  };
  const std::int64_t phase = within("phase", site.phase, t.first_phase, t.phases);
  const std::int64_t branch = within("branch", site.branch, 0, t.branches);
  const std::int64_t expert = within("expert", site.expert, 0, t.experts);
  const std::int64_t layer = within("layer", site.layer, 0, t.layers);
  return t.section[static_cast<std::size_t>(((phase * t.branches + branch) * t.experts + expert) * t.layers + layer)];
}

}  // namespace wean::runtime
