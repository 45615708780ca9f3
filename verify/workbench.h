// Opens what a verifying run needs and proves that it belongs together.
#pragma once
#include <vector>

#include "verify/prompt_run.h"

namespace wean::verify {

/// The prompts that the options ask for.
[[nodiscard]] std::vector<Prompt> prompts_of(const VerifyOptions& options);

/// Loads masks and checkpoint; the clip size follows from the masks' grid. Throws kUsage when masks differ in grid,
/// kFingerprint (both digests named) when a mask was made from another model and --allow-model does not name it, or
/// for a model of another shape.
[[nodiscard]] Workbench open_workbench(const VerifyOptions& options);

}  // namespace wean::verify
