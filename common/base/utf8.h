// UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wean {

/// Byte offset of the first malformed sequence; nothing when all of `text` is valid.
[[nodiscard]] std::optional<std::size_t> invalid_utf8_at(std::string_view text) noexcept;
/// Code points of valid UTF-8; a malformed byte becomes U+FFFD.
[[nodiscard]] std::u32string decode_utf8(std::string_view text);
[[nodiscard]] std::string encode_utf8(std::u32string_view text);
void append_utf8(std::string& out, char32_t c);
/// True when `text` holds a control character: U+0000 to U+001F or U+007F to U+009F.
[[nodiscard]] bool has_control_character(std::string_view text) noexcept;
/// A name from a file as it may stand in a message: control characters as \xNN, cut after 120 bytes.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace wean
