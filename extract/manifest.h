// What a run is, as text: one "field: value" a line. Two runs that share every line may share shards.
#pragma once
#include <string>

#include "schemas/profile/profile.h"

namespace wean::extract {

/// Model, recipe, grid, block, phases and branches of `meta`, without its prompts. Numbers round-trip; locale-free.
[[nodiscard]] std::string run_manifest(const ProfileMeta& meta);

}  // namespace wean::extract
