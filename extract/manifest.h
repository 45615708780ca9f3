// What a run is, as text: one "field: value" a line. Two runs that share every line may share shards.
#pragma once
#include <string>

#include "schemas/profile/profile.h"

namespace wean::extract {

/// Model, recipe, grid, block, phases and branches of `meta`, without its prompts. Numbers round-trip; locale-free.
[[nodiscard]] std::string run_manifest(const ProfileMeta& meta);
/// The first line that differs, as "field: a against b"; empty when there is none.
[[nodiscard]] std::string describe_difference(const std::string& a, const std::string& b);

}  // namespace wean::extract
