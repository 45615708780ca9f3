// What a site loses as a function of the work it keeps: the curve of its nested cuts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/base/blocks.h"
#include "schemas/plan/cut.h"
#include "schemas/profile/profile.h"

namespace wean::calibrate {

/// One cut of a site.
struct CurvePoint {
  double keep = 1.0;       ///< realised share of the work
  double fidelity = 1.0;   ///< mean F over the sampled rows of the phase
  double kept_mass = 1.0;  ///< mean kept share m over the same rows
  double error = 0.0;      ///< removal error of the dropped pairs, mean over prompts and query rows
  bool operator==(const CurvePoint&) const = default;
};

/// Points with rising keep; fidelity and kept mass rise with it (weakly), error falls. The last point is dense.
using SiteCurve = std::vector<CurvePoint>;

/// What the curve of one head is measured on.
struct HeadEvidence {
  BlockGeometry geometry;
  const RowSample* rows = nullptr;
  std::uint32_t head = 0, heads = 1;
  std::span<const float> removal_error;  ///< [rows, cols] of this head, summed over prompts
  std::size_t prompts = 1;
};

/// One point for each of `keeps` (rising shares; cut_length() decides the pairs). Dropped mass is added up from the
/// last pair of the order backwards in double, so a point depends on nothing but its own cut.
/// Throws kMalformed when a sampled row has no mass.
[[nodiscard]] SiteCurve trace_curve(const HeadEvidence& evidence, const CutOrder& order, std::span<const double> keeps);

}  // namespace wean::calibrate
