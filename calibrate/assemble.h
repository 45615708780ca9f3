// From an allocation to the plan that is written.
#pragma once
#include <string>

#include "calibrate/method.h"

namespace wean::calibrate {

/// Rows for both branches (a branch that was not profiled takes the other one's), dense sites by rule, g recomputed by
/// global_density(). `options` holds the resolved options and the method's facts as JSON with sorted keys.
[[nodiscard]] Plan assemble_plan(const Context& context, const std::string& method, const Allocation& allocation);

}  // namespace wean::calibrate
