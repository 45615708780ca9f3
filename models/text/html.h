// HTML character references, in the two ways that prompt cleaning resolves them.
#pragma once
#include <string>
#include <string_view>

namespace wean::models {

/// As Python's html.unescape (HTML5): also without semicolon, longest known prefix of a name, odd code points replaced.
[[nodiscard]] std::u32string unescape_html5(std::u32string_view text);
/// As ftfy: only with semicolon, also names in capitals ("&EACUTE;").
[[nodiscard]] std::u32string unescape_html_strictly(std::u32string_view text);

}  // namespace wean::models
