// What makes a plan whole and consistent, checked before writing and after reading.
#pragma once
#include <string>

#include "common/base/error.h"
#include "schemas/plan/plan.h"

namespace wean {

/// Throws Error{code} naming `where`, the field, its value and what is allowed (schemas/plan.md).
void check_plan(const Plan& plan, ErrorCode code, const std::string& where);

/// phases * 2 * experts * layers * heads, bounded to 2^26. Throws `code` when it is larger.
[[nodiscard]] std::uint64_t expected_rows(const ModelIdentity& model, std::uint64_t phases, ErrorCode code,
                                          const std::string& where);

}  // namespace wean
