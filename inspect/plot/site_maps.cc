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
  require(value < count, ErrorCode::kUsage, "--", what, " ", value, ": the file has ", count, ", counted from 0");
}

void check_site(const PlotRequest& request, std::uint64_t phases, const ModelIdentity& model) {
  check_index("phase", request.key.phase, phases);
  check_index("expert", request.key.expert, model.experts);
  check_index("layer", request.key.layer, model.layers);
  check_index("head", request.head, model.heads);
}

std::vector<bool> unpack(std::span<const std::uint32_t> bits, const BlockGeometry& geometry) {
  std::vector<bool> kept;
  for (std::int64_t u = 0; u < geometry.rows(); ++u) {
    for (std::int64_t v = 0; v < geometry.cols(); ++v) {
      const auto word = static_cast<std::size_t>(u * geometry.words() + v / 32);
      kept.push_back(bits.empty() || ((bits[word] >> (v % 32)) & 1U) != 0);
    }
  }
  return kept;
}

/// Reads masks and returns the sigma in the middle of the section's phase.
double add_masks(const PlotRequest& request, SectionMaps& maps) {
  const MaskReader masks(request.file, VerifyMode::kTable, Residence::kMap);
  const MaskMeta& meta = masks.meta();
  check_site(request, meta.phases.size(), meta.model);
  require(static_cast<std::uint32_t>(request.key.branch) < meta.branches, ErrorCode::kUsage, "--branch: the file has ",
          meta.branches, " branch");
  maps.grid = meta.grid;
  maps.mask_blocks = meta.geometry;
  maps.heads.resize(meta.model.heads);
  for (std::uint32_t head = 0; head < meta.model.heads; ++head) {
    maps.heads[head].kept = unpack(masks.bits(request.key, head), meta.geometry);
    maps.heads[head].density = masks.density(request.key, head);
  }
  return (meta.phases[request.key.phase].sigma_low + meta.phases[request.key.phase].sigma_high) / 2;
}

void add_mass(const ProfileReader& profile, const SlabKey& key, SectionMaps& maps) {
  const ProfileMeta& meta = profile.meta();
  require(key.expert < meta.model.experts && key.layer < meta.model.layers &&
              (maps.heads.empty() || maps.heads.size() == meta.model.heads),
          ErrorCode::kUsage, "--profile: has ", meta.model.layers, " layers of ", meta.model.heads,
          " heads; the masks have others");
  const std::vector<float> slab = profile.mass(key);
  const auto pairs = static_cast<std::size_t>(meta.geometry().pairs());
  maps.heads.resize(meta.model.heads);
  maps.mass_blocks = meta.geometry();
  if (!maps.mask_blocks) maps.grid = meta.grid;
  for (std::size_t head = 0; head < maps.heads.size(); ++head) {
    std::vector<float> mass = ranking_values(meta.geometry(), std::span(slab).subspan(head * pairs, pairs));
    for (float& value : mass) value /= static_cast<float>(meta.prompts.size());
    maps.heads[head].mass = std::move(mass);
  }
}

Branch profiled(const ProfileMeta& meta, Branch branch) {
  const bool there = std::find(meta.branches.begin(), meta.branches.end(), branch) != meta.branches.end();
  return there ? branch : meta.branches.front();
}

std::string section_name(const SectionKey& key, std::uint32_t experts) {
  const std::string expert = experts > 1 ? ", expert " + std::to_string(key.expert) : "";
  return "phase " + std::to_string(key.phase) + ", " + to_string(key.branch) + expert + ", layer " +
         std::to_string(key.layer);
}

}  // namespace

SectionMaps read_section_maps(const PlotRequest& request) {
  const Kind kind = detect_kind(request.file);
  require(kind == Kind::kMasks || kind == Kind::kProfile, ErrorCode::kUsage, request.file.string(), ": a ",
          to_string(kind), " file has no maps; plotted are masks.wean and profile.h5");
  require(kind == Kind::kMasks || !request.profile, ErrorCode::kUsage, "--profile: ", request.file.string(),
          " is a profile itself");
  SectionMaps maps;
  maps.name = section_name(request.key, 1);
  if (kind == Kind::kMasks) {
    const double sigma = add_masks(request, maps);
    if (!request.profile) return maps;
    const ProfileReader profile(*request.profile);
    const auto phase = static_cast<std::uint32_t>(phase_of(profile.meta().phases, sigma));
    add_mass(profile, {phase, profiled(profile.meta(), request.key.branch), request.key.expert, request.key.layer},
             maps);
    return maps;
  }
  const ProfileReader profile(request.file);
  check_site(request, profile.meta().phases.size(), profile.meta().model);
  const Branch branch = profiled(profile.meta(), request.key.branch);
  add_mass(profile, {request.key.phase, branch, request.key.expert, request.key.layer}, maps);
  return maps;
}

}  // namespace wean::inspect
