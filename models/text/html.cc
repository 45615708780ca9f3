#include "models/text/html.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "common/base/utf8.h"
#include "models/text/encodings.h"

namespace wean::models {
namespace {

struct Entity {
  std::string_view name;  ///< without '&'
  std::string_view text;  ///< UTF-8
};
constexpr Entity kEntities[] = {
#include "models/text/tables/html_entities.inc"
};
constexpr Entity kUpperEntities[] = {
#include "models/text/tables/html_upper_entities.inc"
};

constexpr std::size_t kLongestName = 33;  // 32 characters and a semicolon

std::optional<std::u32string> look_up(std::span<const Entity> table, std::u32string_view name) {
  if (name.size() > kLongestName || std::ranges::any_of(name, [](char32_t c) { return c > 0x7E; })) return std::nullopt;
  const std::string key(name.begin(), name.end());
  const auto found = std::ranges::lower_bound(table, std::string_view(key), {}, &Entity::name);
  if (found == table.end() || found->name != key) return std::nullopt;
  return decode_utf8(found->text);
}

bool is_digit(char32_t c) noexcept { return c >= U'0' && c <= U'9'; }
bool is_letter(char32_t c) noexcept { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

int hex_value(char32_t c) noexcept {
  if (is_digit(c)) return static_cast<int>(c - U'0');
  if (c >= U'a' && c <= U'f') return static_cast<int>(c - U'a') + 10;
  if (c >= U'A' && c <= U'F') return static_cast<int>(c - U'A') + 10;
  return -1;
}

/// What a numeric reference stands for (HTML5, "numeric character reference end state").
std::u32string from_number(std::uint32_t number) {
  if (number == 0 || (number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) return U"\uFFFD";
  if (number >= 0x80 && number <= 0x9F) return {windows_1252(static_cast<std::uint8_t>(number))};
  const bool control = (number < 0x20 && number != 0x09 && number != 0x0A && number != 0x0C && number != 0x0D) ||
                       number == 0x7F || (number >= 0xFDD0 && number <= 0xFDEF) || (number & 0xFFFEU) == 0xFFFE;
  if (control) return U"";
  return {static_cast<char32_t>(number)};
}

/// A reference found in a text: what it stands for, and its length with '&'.
struct Reference {
  std::u32string text;
  std::size_t length;
};

std::optional<Reference> numeric(std::u32string_view at) {
  const bool hex = at.size() > 2 && (at[2] == U'x' || at[2] == U'X');
  std::size_t end = hex ? 3 : 2;
  const std::size_t first = end;
  std::uint32_t number = 0;
  for (; end < at.size() && (hex ? hex_value(at[end]) >= 0 : is_digit(at[end])); ++end) {
    number =
        std::min<std::uint32_t>(number, 0x200000) * (hex ? 16U : 10U) + static_cast<std::uint32_t>(hex_value(at[end]));
  }
  if (end == first) return std::nullopt;
  if (end < at.size() && at[end] == U';') ++end;
  return Reference{from_number(number), end};
}

bool ends_name(char32_t c) noexcept {
  return c == U'\t' || c == U'\n' || c == U'\f' || c == U' ' || c == U'<' || c == U'&' || c == U'#' || c == U';';
}

std::optional<Reference> named(std::u32string_view at) {
  std::size_t end = 1;
  while (end < at.size() && end <= 32 && !ends_name(at[end])) ++end;
  if (end == 1) return std::nullopt;
  if (end < at.size() && at[end] == U';') ++end;
  if (auto whole = look_up(kEntities, at.substr(1, end - 1))) return Reference{std::move(*whole), end};
  for (std::size_t length = end - 2; length > 1; --length) {
    if (auto part = look_up(kEntities, at.substr(1, length))) return Reference{std::move(*part), length + 1};
  }
  return std::nullopt;
}

std::optional<Reference> html5_reference(std::u32string_view at) {
  return at.size() > 1 && at[1] == U'#' ? numeric(at) : named(at);
}

/// '&', an optional '#', 1 to 24 letters and digits, ';'.
std::optional<Reference> strict_reference(std::u32string_view at) {
  const std::size_t first = at.size() > 1 && at[1] == U'#' ? 2 : 1;
  std::size_t end = first;
  while (end < at.size() && (is_digit(at[end]) || is_letter(at[end]))) ++end;
  if (end == first || end - first > 24 || end == at.size() || at[end] != U';') return std::nullopt;
  ++end;
  if (first == 2) {
    auto number = numeric(at);
    const bool whole = number && number->length == end && number->text.find(U';') == std::u32string::npos;
    return whole ? number : std::nullopt;
  }
  for (const std::span<const Entity> table :
       {std::span<const Entity>(kEntities), std::span<const Entity>(kUpperEntities)}) {
    if (auto text = look_up(table, at.substr(1, end - 1))) return Reference{std::move(*text), end};
  }
  return std::nullopt;
}

template <typename Find>
std::u32string replace_references(std::u32string_view text, const Find& find) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = text[at] == U'&' ? find(text.substr(at)) : std::nullopt;
    out += found ? found->text : std::u32string(1, text[at]);
    at += found ? found->length : 1;
  }
  return out;
}

}  // namespace

std::u32string unescape_html5(std::u32string_view text) { return replace_references(text, html5_reference); }
std::u32string unescape_html_strictly(std::u32string_view text) { return replace_references(text, strict_reference); }

}  // namespace wean::models
