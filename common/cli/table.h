// Results as an aligned text table.
#pragma once
#include <string>
#include <vector>

namespace wean::cli {

/// Left-aligned first column, right-aligned others, a rule under the header; `rows` must have the width of `header`.
/// Ends on a newline. UTF-8 counts by code points.
[[nodiscard]] std::string render_table(const std::vector<std::string>& header,
                                       const std::vector<std::vector<std::string>>& rows);

}  // namespace wean::cli
