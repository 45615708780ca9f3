// The Unicode properties that prompt cleaning and tokenising need, from generated tables.
#pragma once
#include <string>
#include <string_view>

namespace wean::models {

/// Normal form C (Unicode Standard Annex 15).
[[nodiscard]] std::u32string nfc(std::u32string_view text);
/// White space as Python's `str.isspace` and `\s` have it: with U+001C to U+001F.
[[nodiscard]] bool is_python_space(char32_t c) noexcept;
/// The Unicode property White_Space.
[[nodiscard]] bool is_white_space(char32_t c) noexcept;
/// True when `c` belongs to the grapheme cluster of the character before it.
[[nodiscard]] bool continues_grapheme(char32_t c) noexcept;
/// The standard form of a fullwidth or halfwidth character; others stay.
[[nodiscard]] std::u32string standard_width(std::u32string_view text);

}  // namespace wean::models
