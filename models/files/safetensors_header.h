// Internal to the safetensors reader: JSON events of the header, without building a tree.
#pragma once
#include <string>
#include <string_view>

#include "models/files/safetensors.h"

namespace wean::models {

/// Reads names, types, shapes and offsets; checks the rules of the header text alone (not against the data).
/// Throws kMalformed.
[[nodiscard]] SafetensorsHeader parse_header_text(std::string_view text, const std::string& where);

}  // namespace wean::models
