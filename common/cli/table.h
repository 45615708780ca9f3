// A result as rows of named values, rendered as an aligned text table or as JSON from the same data.
#pragma once
#include <string>
#include <vector>

namespace wean::cli {

/// Left-aligned first column, right-aligned others; `rows` must have the width of `header`.
[[nodiscard]] std::string render_table(const std::vector<std::string>& header,
                                       const std::vector<std::vector<std::string>>& rows);

}  // namespace wean::cli
