#include "inspect/plot/site_maps.h"

#include <algorithm>
#include <span>

#include "common/base/error.h"
#include "inspect/kind.h"
#include "schemas/plan/cut.h"
#include "schemas/profile/profile.h"

namespace wean::inspect {
namespace {

void check_index(const char* what, std::uint64_t value, std::uint64_t count) {
  require(value<count, ErrorCode::kUsage, "--", what, " ", value, ": the file has ", count, " ", what, count> 1
              ? "s, 0 to "
              : ", ",
          count - 1);
}

void check_site(const PlotRequest& request, std::uint64_t phases, const ModelIdentity& model) {
  check_index("phase", request.key.phase, phases);
  check_index("expert", request.key.expert, model.experts);
  check_index("layer", request.key.layer, model.layers);
  check_index("head", request.head, model.heads);
}

void check_size(const std::filesystem::path& file, const BlockGeometry& blocks, std::size_t heads) {
  const std::int64_t longer = std::max(blocks.rows(), blocks.cols());
  require(longer <= kMaxSidePairs, ErrorCode::kUsage, file.string(), ": maps of ", blocks.rows(), "x", blocks.cols(),
          " pairs; at most ", kMaxSidePairs, " along a side can be drawn");
  require(longer * longer * static_cast<std::int64_t>(heads) <= kMaxPicturePairs, ErrorCode::kUsage,
          "--montage: ", heads, " heads of ", blocks.rows(), "x", blocks.cols(), " pairs; at most ", kMaxPicturePairs,
          " pairs fit in a picture: plot single heads");
}

std::string section_name(const SectionKey& key, const ModelIdentity& model) {
  const std::string expert = model.experts > 1 ? ", expert " + std::to_string(key.expert) : "";
  return "phase " + std::to_string(key.phase) + ", " + to_string(key.branch) + expert + ", layer " +
         std::to_string(key.layer);
}

/// The heads to draw, without maps yet.
std::vector<HeadMaps> heads_of(const PlotRequest& request, const ModelIdentity& model) {
  std::vector<HeadMaps> heads(request.montage ? model.heads : 1);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    heads[i].head = request.montage ? static_cast<std::uint32_t>(i) : request.head;
  }
  return heads;
}

std::vector<bool> unpack(std::span<const std::uint32_t> bits, const BlockGeometry& geometry) {
  std::vector<bool> kept;
  kept.reserve(static_cast<std::size_t>(geometry.pairs()));
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v) {
      const auto word = static_cast<std::size_t>(u * geometry.words() + v / 32);
      kept.push_back(bits.empty() || ((bits[word] >> (v % 32)) & 1U) != 0);
    }
  }
  return kept;
}

void add_masks(const MaskReader& masks, const PlotRequest& request, SectionMaps& maps) {
  const MaskMeta& meta = masks.meta();
  check_site(request, meta.phases.size(), meta.model);
  require(static_cast<std::uint32_t>(request.key.branch) < meta.branches, ErrorCode::kUsage, "--branch ",
          to_string(request.key.branch), ": the file has conditional alone");
  maps.heads = heads_of(request, meta.model);
  check_size(request.file, meta.geometry, maps.heads.size());
  maps.masks = MapSource{section_name(request.key, meta.model), meta.grid, meta.geometry};
  for (HeadMaps& head : maps.heads) {
    head.kept = unpack(masks.bits(request.key, head.head), meta.geometry);
    head.density = masks.density(request.key, head.head);
  }
}

/// Fills the mass of maps.heads.
void add_mass(const ProfileReader& profile, const std::filesystem::path& file, const SlabKey& key, SectionMaps& maps) {
  const ProfileMeta& meta = profile.meta();
  const BlockGeometry geometry = meta.geometry();
  check_size(file, geometry, maps.heads.size());
  maps.mass = MapSource{section_name({key.phase, key.branch, key.expert, key.layer}, meta.model), meta.grid, geometry};
  const std::vector<float> slab = profile.mass(key);
  const auto pairs = static_cast<std::size_t>(geometry.pairs());
  for (HeadMaps& head : maps.heads) {
    head.mass = ranking_values(geometry, std::span(slab).subspan(head.head * pairs, pairs));
    for (float& value : head.mass) value /= static_cast<float>(meta.prompts.size());
  }
}

bool has_branch(const ProfileMeta& meta, Branch branch) {
  return std::find(meta.branches.begin(), meta.branches.end(), branch) != meta.branches.end();
}

/// The slab whose statistics stand for the masks of `key`: the profile may have other phases and only one branch.
SlabKey slab_beside(const ProfileMeta& meta, const MaskMeta& masks, const SectionKey& key) {
  const Phase& phase = masks.phases[key.phase];
  const auto index = static_cast<std::uint32_t>(phase_of(meta.phases, (phase.sigma_low + phase.sigma_high) / 2));
  return {index, has_branch(meta, key.branch) ? key.branch : meta.branches.front(), key.expert, key.layer};
}

SectionMaps read_masks(const PlotRequest& request) {
  const MaskReader masks(request.file, VerifyMode::kTable, Residence::kMap);
  SectionMaps maps;
  add_masks(masks, request, maps);
  if (!request.profile) return maps;
  const ProfileReader profile(*request.profile);
  const ModelIdentity& model = profile.meta().model;
  require(model == masks.meta().model, ErrorCode::kFingerprint, request.profile->string(), ": of model ",
          to_hex(model.weights).substr(0, 16), "; ", request.file.string(), " is of ",
          to_hex(masks.meta().model.weights).substr(0, 16));
  add_mass(profile, *request.profile, slab_beside(profile.meta(), masks.meta(), request.key), maps);
  return maps;
}

SectionMaps read_profile(const PlotRequest& request) {
  require(!request.profile, ErrorCode::kUsage, "--profile: ", request.file.string(), " is a profile itself");
  const ProfileReader profile(request.file);
  const ProfileMeta& meta = profile.meta();
  check_site(request, meta.phases.size(), meta.model);
  require(has_branch(meta, request.key.branch), ErrorCode::kUsage, "--branch ", to_string(request.key.branch),
          ": the file has ", to_string(meta.branches.front()), " alone");
  SectionMaps maps;
  maps.heads = heads_of(request, meta.model);
  add_mass(profile, request.file, {request.key.phase, request.key.branch, request.key.expert, request.key.layer}, maps);
  return maps;
}

}  // namespace

SectionMaps read_section_maps(const PlotRequest& request) {
  const Kind kind = detect_kind(request.file);
  require(kind == Kind::kMasks || kind == Kind::kProfile, ErrorCode::kUsage, request.file.string(), ": a ",
          to_string(kind), " file has no maps; plotted are masks.wean and profile.h5");
  return kind == Kind::kMasks ? read_masks(request) : read_profile(request);
}

}  // namespace wean::inspect
