// Plans for the tests of pack: invented from a synthetic profile, without wean-calibrate.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

#include "schemas/plan/plan.h"
#include "schemas/profile/profile.h"

namespace wean::testing {

/// Sets rule, score, scope and keep of a row whose key is filled in.
using RowRule = std::function<void(PlanRow&)>;

/// A plan of the profile's own phases and steps whose rows `rule` has set; g follows from the rows.
[[nodiscard]] Plan make_plan(const ProfileMeta& profile, const Digest& content, const RowRule& rule);

/// Every score and scope, keep from .2 to .7, a dense head in each layer, the same for both branches.
void mixed_rule(PlanRow& row);
/// One score and scope for every site.
[[nodiscard]] RowRule uniform_rule(Score score, CutScope scope, double keep);

}  // namespace wean::testing
