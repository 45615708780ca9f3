// wean-pack: from a plan and its profile to a mask file at any block size and resolution.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/base/progress.h"
#include "pack/site.h"
#include "pack/target.h"
#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::pack {

/// Largest difference between the plan's g and the realised one that is not refused (scores transfer).
inline constexpr double kDensityTolerance = 0.005;

struct PackRequest {
  std::filesystem::path plan, profile;
  std::filesystem::path output;  ///< may be empty for a dry run
  bool overwrite = false;
  bool dry_run = false;  ///< do everything but the file
  TargetRequest target;
  Transfer transfer = Transfer::kScores;
  int threads = 0;  ///< 0: all
};

/// Means over the sites (branch, expert, layer, head) of one phase of the plan.
struct PhaseReport {
  PlanPhase phase;
  double planned = 0;   ///< density
  double realised = 0;  ///< density
  double recall = 0;    ///< kept share of the profile's mean mass, carried to the target
  std::uint64_t dense = 0;
};

struct PackReport {
  PackRequest request;
  std::string method;  ///< of the plan
  Schedule schedule;   ///< that every g here is accounted on
  Grid profile_grid;
  std::uint32_t profile_block = 0;
  Target target;
  std::vector<PhaseReport> phases;
  double planned = 0, realised = 0;  ///< g
  double recall = 0;                 ///< mean over the schedule's steps
  std::uint64_t sites = 0;           ///< of all phases
  std::uint64_t dense = 0;           ///< sites without bits
  std::uint64_t stored = 0;          ///< bit maps in the file; sites - dense - stored share one with another site
  std::uint64_t bytes = 0;           ///< of the file
  std::uint64_t peak_bytes = 0;      ///< of memory, whole process
  double seconds = 0;
};

/// SHA-256 of the plan's length, its bytes and the options that the bits depend on.
[[nodiscard]] Digest recipe_digest(std::span<const std::byte> plan_bytes, const Target& target, Transfer transfer);

/// Throws kFingerprint with both values when the plan was not made from this profile.
void check_match(const std::string& plan_name, const Plan& plan, const Digest& profile_content,
                 const ProfileMeta& profile);

/// Reads, cuts, writes and verifies; the output appears whole or not at all. Throws kFingerprint when the plan was made
/// from another profile, kOutOfReach when the target's blocks are too coarse for the plan's g, kLocked when another
/// process writes the same output, kStopped, and what readers and MaskWriter throw.
[[nodiscard]] PackReport run(const PackRequest& request, const ProgressCallback& progress);

}  // namespace wean::pack
