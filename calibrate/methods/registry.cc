#include <algorithm>
#include <array>

#include "calibrate/methods/methods.h"
#include "common/base/error.h"

namespace wean::calibrate {
namespace {

constexpr std::array kMethods{
    MethodEntry{"dense", "every site dense", make_dense},
    MethodEntry{"uniform", "the same share of every query row, one map for all steps", make_uniform},
    MethodEntry{"uniform-warmup", "first steps dense (--warmup), then uniform", make_uniform_warmup},
    MethodEntry{"west-fast", "WEST thresholds cut to FAST fidelity targets (--scope)", make_west_fast},
    MethodEntry{"west-fast-row", "west-fast with Top-k over query rows", make_west_fast_row},
    MethodEntry{"west-fast-map", "west-fast with Top-k over whole maps", make_west_fast_map},
    MethodEntry{"removal-error", "one multiplier over all sites on removal error (--time-weight)", make_removal_error},
};

}  // namespace

std::span<const MethodEntry> methods() { return kMethods; }

const MethodEntry& find_method(std::string_view name) {
  const auto* found =
      std::find_if(kMethods.begin(), kMethods.end(), [&](const MethodEntry& entry) { return entry.name == name; });
  if (found != kMethods.end()) return *found;
  std::string names;
  for (const auto& entry : kMethods) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  fail(ErrorCode::kUsage, "--method '", name, "' is unknown, allowed are ", names);
}

}  // namespace wean::calibrate
