// A pack report for people and for machines.
#pragma once
#include <string>

#include "pack/pack.h"

namespace wean::pack {

[[nodiscard]] std::string render_text(const PackReport& report);
/// One JSON object with the fields of PackReport.
[[nodiscard]] std::string render_json(const PackReport& report);

}  // namespace wean::pack
