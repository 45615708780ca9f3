// Curves of all sites of a profile for one way of ranking, computed slab by slab in bounded memory.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "calibrate/curve.h"
#include "calibrate/method.h"

namespace wean::calibrate {

/// Extents of a profile's sites. A slab index counts (branch, expert, layer) with the layer fastest.
struct SiteShape {
  std::size_t phases = 0, branches = 0, experts = 0, layers = 0, heads = 0;
  [[nodiscard]] std::size_t slabs_a_phase() const noexcept { return branches * experts * layers; }
  [[nodiscard]] std::size_t curve_index(std::size_t phase, std::size_t slab, std::size_t head) const noexcept {
    return (phase * slabs_a_phase() + slab) * heads + head;
  }
};
[[nodiscard]] SiteShape site_shape(const ProfileMeta& meta);
/// Key of slab number `slab` in a phase of the profile.
[[nodiscard]] SlabKey slab_key(const ProfileMeta& meta, std::size_t phase, std::size_t slab);

/// How a table ranks.
struct RankingRules {
  Score score = Score::kMass;
  CutScope scope = CutScope::kMap;
  double row_floor = 0.0;
  bool keep_diagonal = false;
};

/// Curves indexed by SiteShape::curve_index.
struct CurveTable {
  SiteShape shape;
  std::vector<SiteCurve> curves;
};

/// 1/256, 2/256, ... 1: fine enough that one step of every site moves g by less than the tolerance.
[[nodiscard]] std::vector<double> density_grid();

/// Bytes of one (branch, expert, layer) in all phases, loaded.
[[nodiscard]] double layer_bytes(const ProfileMeta& meta);

/// One point for each of `keeps` (rising) and every site. Loads layers on the calling thread, at least one and as many
/// as fit 256 MB, and works on their heads in parallel; equal results for any thread count. Throws kStopped when a
/// signal asks to stop.
[[nodiscard]] CurveTable tabulate(const Context& context, const RankingRules& rules, std::span<const double> keeps);

}  // namespace wean::calibrate
