// The version of this build of wean, as files record it and as --version prints it.
#pragma once

namespace wean {

/// "0.1.0": the project version of the top-level CMakeLists.txt.
[[nodiscard]] const char* version() noexcept;

}  // namespace wean
