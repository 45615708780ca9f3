#include "models/text/mojibake.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/utf8.h"
#include "models/text/encodings.h"
#include "models/text/unicode.h"

namespace wean::models {
namespace {

std::optional<std::uint8_t> to_latin_1(char32_t c) noexcept {
  if (c > 0xFF) return std::nullopt;
  return static_cast<std::uint8_t>(c);
}

/// The byte that `c` may stand for in either encoding.
std::optional<std::uint8_t> either_byte(char32_t c) noexcept {
  const auto byte = to_latin_1(c);
  return byte ? byte : to_windows_1252(c);
}

bool is_c1(char32_t c) noexcept { return c >= 0x80 && c <= 0x9F; }

std::size_t sequence_length(std::uint8_t lead) noexcept {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// Leads after which a plain space may be what some program made of byte A0.
bool may_lose_a0(std::uint8_t lead) noexcept {
  return lead == 0xC2 || lead == 0xC3 || lead == 0xC5 || lead == 0xCE || lead == 0xD0 || lead == 0xD9 ||
         (lead >= 0xE0 && lead <= 0xE3);
}

enum class Spaces : bool { kAsTheyAre, kMayBeA0 };

/// Length in characters of the valid UTF-8 sequence whose bytes stand at `at` as characters; 0 when there is none.
std::size_t hidden_sequence(std::u32string_view text, std::size_t at, Spaces spaces) {
  const auto lead = either_byte(text[at]);
  const std::size_t length = lead ? sequence_length(*lead) : 0;
  if (length == 0 || text.size() - at < length) return 0;
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) {
    const bool lost = i > 0 && text[at + i] == U' ' && spaces == Spaces::kMayBeA0 && may_lose_a0(*lead);
    const auto byte = lost ? std::uint8_t{0xA0} : either_byte(text[at + i]);
    if (!byte) return 0;
    bytes += static_cast<char>(*byte);
  }
  return invalid_utf8_at(bytes) ? 0 : length;
}

/// Continuations that are letters or everyday punctuation prove little after a capital letter.
bool is_weak_continuation(char32_t c) noexcept {
  constexpr std::u32string_view kWeak =
      U"\u0160\u0161\u0152\u0153\u017D\u017E\u0178\u00A0\u00AD\u00B7\u00B4\u2013\u2014\u2026\u2019";
  return kWeak.find(c) != std::u32string_view::npos;
}

bool is_common_lead(char32_t c) noexcept { return c == 0xC2 || c == 0xC3 || c == 0xCE || c == 0xD0; }

/// "\u00C3 " and "\u00C2 " at the beginning or after a small letter and at most one space.
bool is_lost_a0(std::u32string_view text, std::size_t at) {
  if ((text[at] != 0xC2 && text[at] != 0xC3) || at + 1 == text.size() || text[at + 1] != U' ') return false;
  const auto small = [](char32_t c) { return c >= U'a' && c <= U'z'; };
  return at == 0 || small(text[at - 1]) || (at > 1 && is_white_space(text[at - 1]) && small(text[at - 2]));
}

/// True when the text holds something that is hardly anything but mojibake.
bool is_suspicious(std::u32string_view text) {
  std::size_t in_a_row = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (is_c1(text[at]) || is_lost_a0(text, at)) return true;
    const std::size_t length = hidden_sequence(text, at, Spaces::kAsTheyAre);
    if (length > 2) return true;
    if (length == 2 && (is_common_lead(text[at]) || !is_weak_continuation(text[at + 1]) || in_a_row > 0)) return true;
    in_a_row = length == 2 ? in_a_row + 1 : 0;
    at += std::max<std::size_t>(length, 1);
  }
  return false;
}

/// Puts byte A0 back where a space is what is left of it. "\xC3 " was a word of its own, an a with grave, except in
/// some Portuguese words.
std::string restore_a0(std::string bytes) {
  constexpr std::array<std::string_view, 5> kJoined{" ", "quele", "quela", "quilo", "s "};
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    const auto lead = static_cast<std::uint8_t>(bytes[at]);
    const std::size_t length = sequence_length(lead);
    if (!may_lose_a0(lead) || at + length > bytes.size()) continue;
    std::string sequence = bytes.substr(at, length);
    std::ranges::replace(sequence.begin() + 1, sequence.end(), ' ', '\xA0');
    if (sequence == bytes.substr(at, length) || invalid_utf8_at(sequence)) continue;
    const std::string_view rest = std::string_view(bytes).substr(at + length);
    const bool word = lead == 0xC3 && std::ranges::none_of(kJoined, [&](auto part) { return rest.starts_with(part); });
    bytes.replace(at, length, word ? sequence + " " : sequence);
  }
  return bytes;
}

/// The text whose UTF-8 bytes were read with the given encoding; nothing when they are not UTF-8.
template <typename ToByte>
std::optional<std::u32string> undo(std::u32string_view text, const ToByte& to_byte) {
  std::string bytes;
  for (const char32_t c : text) {
    const auto byte = to_byte(c);
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  bytes = restore_a0(std::move(bytes));
  if (invalid_utf8_at(bytes)) return std::nullopt;
  return decode_utf8(bytes);
}

std::optional<std::u32string> undo_either(std::u32string_view text) {
  auto fixed = undo(text, to_latin_1);
  return fixed ? fixed : undo(text, to_windows_1252);
}

/// Runs of hidden sequences inside of other text, each undone by itself.
std::u32string undo_runs(std::u32string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    for (std::size_t length = 1; length > 0 && end < text.size(); end += length) {
      length = hidden_sequence(text, end, Spaces::kMayBeA0);
    }
    const std::u32string_view run = text.substr(at, end - at);
    const auto fixed = run.empty() || !is_suspicious(run) ? std::nullopt : undo_either(run);
    out += fixed ? *fixed : std::u32string(run.empty() ? text.substr(at, 1) : run);
    at = run.empty() ? at + 1 : end;
  }
  return out;
}

std::u32string fix_once(const std::u32string& text) {
  const bool ascii = std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
  if (ascii || !is_suspicious(text)) return text;
  if (auto fixed = undo_either(text)) return *fixed;
  std::u32string out = undo_runs(text);
  if (out != text) return out;
  for (char32_t& c : out) c = is_c1(c) ? windows_1252(static_cast<std::uint8_t>(c)) : c;
  return out;
}

}  // namespace

std::u32string fix_encoding(std::u32string text) {
  for (;;) {
    std::u32string fixed = fix_once(text);
    if (fixed == text) return text;
    text = std::move(fixed);
  }
}

}  // namespace wean::models
