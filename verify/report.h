// A verifying run as a table for people and as JSON for machines.
#pragma once
#include <string>

#include "common/cli/json.h"
#include "verify/verify.h"

namespace wean::verify {

/// One row a mask file, ceiling and floors below, paired differences when there are several masks.
[[nodiscard]] std::string render_text(const VerifyReport& report);
/// Everything: settings, means with standard errors, every clip.
[[nodiscard]] cli::Json to_json(const VerifyReport& report);

}  // namespace wean::verify
