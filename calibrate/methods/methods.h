// The makers of all methods, one file each; registry.cc lists them.
#pragma once
#include <memory>

#include "calibrate/method.h"

namespace wean::calibrate {

/// Everything dense: g = 1.
[[nodiscard]] std::unique_ptr<Method> make_dense(const Context& context);

/// Per query row the top-k of the block mass pooled over phases, k the same everywhere (METHOD.md section 5b).
[[nodiscard]] std::unique_ptr<Method> make_uniform(const Context& context);

/// The first `warmup` of the steps dense, the rest uniform at the share that gives the same g (METHOD.md section 5b).
/// The profile phase in which the warm-up ends is split.
[[nodiscard]] std::unique_ptr<Method> make_uniform_warmup(const Context& context);

/// The paper: WEST thresholds cut so that each site just meets the FAST target (METHOD.md sections 1 and 2). The mask
/// of a phase serves all its steps, so it must meet the target of the phase's first step, the strictest. Both kinds of
/// threshold are cut over the whole map, since the hierarchy of masks is {pairs with T <= p}. The scope is an option;
/// the -row and -map makers fix it.
[[nodiscard]] std::unique_ptr<Method> make_west_fast(const Context& context);
[[nodiscard]] std::unique_ptr<Method> make_west_fast_row(const Context& context);
[[nodiscard]] std::unique_ptr<Method> make_west_fast_map(const Context& context);

/// Beyond the paper (METHOD.md section 6): pairs ranked by removal error, one Lagrange multiplier over all sites,
/// phases weighted by exp(-time_weight * t) with t the middle of the phase, row floor .1 and diagonal by default.
[[nodiscard]] std::unique_ptr<Method> make_removal_error(const Context& context);

}  // namespace wean::calibrate
