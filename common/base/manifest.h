// Manifests: text, one "field: value" a line, that says what a run is. Work of two runs may be joined when they agree.
#pragma once
#include <string>

namespace wean {

/// The first line that differs, as "'field: a' against 'field: b'"; empty when there is none.
[[nodiscard]] std::string describe_difference(const std::string& a, const std::string& b);

}  // namespace wean
