// The single-byte encodings that most mojibake comes from.
#pragma once
#include <cstdint>
#include <optional>

namespace wean::models {

/// The character of a Windows-1252 byte; the five bytes without one stand for the C1 control of the same number.
[[nodiscard]] char32_t windows_1252(std::uint8_t byte) noexcept;
/// The Windows-1252 byte of a character, the inverse of the above.
[[nodiscard]] std::optional<std::uint8_t> to_windows_1252(char32_t c) noexcept;

}  // namespace wean::models
