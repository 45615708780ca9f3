// A summary for people and for machines.
#pragma once
#include <string>

#include "inspect/show/summary.h"

namespace wean::inspect {

[[nodiscard]] std::string render_text(const Summary& summary);
/// Object: kind, path, bytes, meta (fields), content (counts), phases, and each table as phases (mean, least, most,
/// sites, full), layers [phase][layer] and histogram.
[[nodiscard]] std::string render_json(const Summary& summary);

}  // namespace wean::inspect
