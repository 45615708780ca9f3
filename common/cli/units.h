// Seconds and bytes as people read them.
#pragma once
#include <string>

namespace wean::cli {

/// "0.4 s", "3 s", "2 min 05 s", "1 h 12 min". Below ten seconds with one decimal; negative and NaN give "?".
[[nodiscard]] std::string format_seconds(double seconds);
/// "512 B", "1.7 MB", "3.4 GB" (powers of 1000).
[[nodiscard]] std::string format_bytes(double bytes);

}  // namespace wean::cli
