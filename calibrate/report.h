// What wean-calibrate prints, as text or JSON.
#pragma once
#include <string>

#include "calibrate/options.h"

namespace wean::calibrate {

/// Does what the options ask: reads the profile, writes plan.h5 or the CSV file, returns what goes to stdout.
/// Throws kUsage before any work when an option is wrong or an output exists and --force is missing.
[[nodiscard]] std::string run(const Options& options);

}  // namespace wean::calibrate
