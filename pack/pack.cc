#include "pack/pack.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/stop.h"
#include "pack/section.h"
#include "pack/tally.h"

namespace wean::pack {
namespace {

constexpr std::uint64_t kMaxPlanBytes = std::uint64_t{1} << 34;

struct Inputs {
  Plan plan;
  std::vector<std::byte> plan_bytes;
  ProfileReader profile;

  explicit Inputs(const PackRequest& request)
      : plan(read_plan(request.plan)), plan_bytes(read_file(request.plan, kMaxPlanBytes)), profile(request.profile) {
    check_match(request.plan.string(), plan, profile.content_digest(), profile.meta());
  }
};

MaskMeta make_meta(const Plan& plan, const Target& target, const Digest& recipe) {
  MaskMeta meta;
  meta.model = plan.model;
  meta.recipe = recipe;
  meta.grid = target.grid;
  meta.geometry = target.geometry;
  for (const PlanPhase& phase : plan.phases) meta.phases.push_back({phase.sigma_high, phase.sigma_low, phase.steps});
  return meta;
}

std::vector<HeadMask> masks_of(std::vector<SiteMask>& sites) {
  std::vector<HeadMask> masks;
  for (SiteMask& site : sites) masks.push_back(std::move(site.mask));
  return masks;
}

std::string section_name(const PlanRow& row, std::size_t phases) {
  return "phase " + std::to_string(row.phase + 1) + "/" + std::to_string(phases) + ", " + to_string(row.branch) +
         ", layer " + std::to_string(row.layer);
}

/// Cuts section after section, in the order of the plan's rows, which is the file's.
void pack_sections(const Inputs& inputs, SectionPacker& packer, MaskWriter& writer, Tally& tally,
                   const ProgressCallback& progress) {
  const Plan& plan = inputs.plan;
  const std::size_t heads = plan.model.heads;
  const std::uint64_t total = plan.rows.size() / heads;
  for (std::size_t begin = 0; begin < plan.rows.size(); begin += heads) {
    throw_if_stopped("nothing was written; run the same command again");
    const auto rows = std::span(plan.rows).subspan(begin, heads);
    const PlanRow& row = rows.front();
    std::vector<SiteMask> sites = packer.pack(plan.phases[row.phase].profile_phase, rows);
    tally.add(row.phase, rows, sites);
    writer.write({row.phase, row.branch, row.expert, row.layer}, masks_of(sites));
    if (progress) progress({begin / heads + 1, total, section_name(row, plan.phases.size())});
  }
}

void check_density(const PackReport& report) {
  if (report.request.transfer == Transfer::kPaper) return;
  const BlockGeometry& geometry = report.target.geometry;
  const double off = std::abs(report.realised - report.planned);
  const double pair = static_cast<double>(geometry.work(0, 0)) / static_cast<double>(geometry.total_work());
  require(off <= kDensityTolerance, ErrorCode::kOutOfReach, "blocks of ", geometry.q_block, "x", geometry.k_block,
          " on grid ", wean::to_string(report.target.grid), ": realised g ", report.realised, " is off by ", off,
          " from the planned ", report.planned, " (", report.schedule.sampler, ", ", report.schedule.steps,
          " steps); allowed is ", kDensityTolerance, ". A pair is ", pair,
          " of a head's work here, and every query row keeps at least one (and row floor and diagonal, where the plan"
          " asks for them): use smaller blocks, or a plan for g ",
          std::max(0.0, 2 * report.planned - report.realised));
}

std::uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

PackReport start_report(const PackRequest& request, const Inputs& inputs) {
  PackReport report;
  report.request = request;
  report.method = inputs.plan.method;
  report.schedule = inputs.plan.schedule;
  report.profile_grid = inputs.plan.grid;
  report.profile_block = inputs.plan.block;
  report.target = resolve_target(request.target, inputs.profile.meta());
  return report;
}

}  // namespace

Digest recipe_digest(std::span<const std::byte> plan_bytes, const Target& target, Transfer transfer) {
  const std::string options = "wean-pack grid=" + wean::to_string(target.grid) +
                              " block=" + std::to_string(target.geometry.q_block) + "x" +
                              std::to_string(target.geometry.k_block) + " transfer=" + to_string(transfer);
  return Sha256().update_u64(plan_bytes.size()).update(plan_bytes).update(options).finish();
}

void check_match(const std::string& plan_name, const Plan& plan, const Digest& profile_content,
                 const ProfileMeta& profile) {
  require(plan.profile == profile_content, ErrorCode::kFingerprint, plan_name, ": was made from profile ",
          short_hex(plan.profile), ", but --profile has ", short_hex(profile_content));
  const bool same = plan.model == profile.model && plan.grid == profile.grid && plan.block == profile.block;
  require(same, ErrorCode::kFingerprint, plan_name, ": model, grid ", to_string(plan.grid), " or block ", plan.block,
          " differ from the profile's grid ", to_string(profile.grid), " and block ", profile.block);
  for (const PlanPhase& phase : plan.phases) {
    require(phase.profile_phase < profile.phases.size(), ErrorCode::kMalformed, plan_name, ": profile_phase ",
            phase.profile_phase, "; the profile has ", profile.phases.size(), " phases");
  }
}

PackReport run(const PackRequest& request, const ProgressCallback& progress) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<WriterLock> lock;
  if (!request.dry_run) {
    check_output(request.output, request.overwrite ? Overwrite::kReplace : Overwrite::kRefuse);
    lock.emplace(request.output);
  }
  const Inputs inputs(request);
  PackReport report = start_report(request, inputs);
  const Digest recipe = recipe_digest(inputs.plan_bytes, report.target, request.transfer);
  const MaskMeta meta = make_meta(inputs.plan, report.target, recipe);
  const ProfileMeta& profile = inputs.profile.meta();
  const Carrier carrier(profile, report.target);
  const SiteRules rules{request.transfer, profile.geometry(), report.target.geometry, inputs.plan.row_floor,
                        inputs.plan.keep_diagonal};
  SectionPacker packer(inputs.profile, carrier, rules, request.threads);
  MaskWriter writer = request.dry_run ? MaskWriter(meta) : MaskWriter(request.output, meta, request.overwrite);
  Tally tally(inputs.plan);
  pack_sections(inputs, packer, writer, tally, progress);
  tally.fill(report);
  check_density(report);
  writer.finish();
  report.bytes = writer.totals().bytes;
  report.stored = writer.totals().maps;
  report.peak_bytes = peak_memory();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace wean::pack
