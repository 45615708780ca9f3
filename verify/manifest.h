// What a verifying run is, as text: clips of two runs may stand in one report when every line agrees.
#pragma once
#include <string>

#include "verify/prompt_run.h"

namespace wean::verify {

/// Version, model, digests of the mask files, settings and prompts, one "field: value" a line.
[[nodiscard]] std::string run_manifest(const Workbench& bench, const std::vector<Prompt>& prompts);

}  // namespace wean::verify
