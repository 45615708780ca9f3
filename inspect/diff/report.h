// A difference for people and for machines.
#pragma once
#include <string>

#include "inspect/diff/diff.h"

namespace wean::inspect {

[[nodiscard]] std::string render_text(const Difference& difference);
/// Object: same, kind, a, b, fields, values, overlaps, note.
[[nodiscard]] std::string render_json(const Difference& difference);

}  // namespace wean::inspect
