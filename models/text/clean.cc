#include "models/text/clean.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/utf8.h"
#include "models/text/encodings.h"
#include "models/text/html.h"
#include "models/text/mojibake.h"
#include "models/text/unicode.h"

namespace wean::models {
namespace {

struct Ligature {
  char32_t from;
  std::u32string_view to;
};
constexpr std::array<Ligature, 22> kLigatures{
    {{0x0132, U"IJ"},      {0x0133, U"ij"},      {0x0149, U"\u02BCn"}, {0x01F1, U"DZ"},      {0x01F2, U"Dz"},
     {0x01F3, U"dz"},      {0x01C4, U"D\u017D"}, {0x01C5, U"D\u017E"}, {0x01C6, U"d\u017E"}, {0x01C7, U"LJ"},
     {0x01C8, U"Lj"},      {0x01C9, U"lj"},      {0x01CA, U"NJ"},      {0x01CB, U"Nj"},      {0x01CC, U"nj"},
     {0xFB00, U"ff"},      {0xFB01, U"fi"},      {0xFB02, U"fl"},      {0xFB03, U"ffi"},     {0xFB04, U"ffl"},
     {0xFB05, U"\u017Ft"}, {0xFB06, U"st"}}};

std::u32string split_ligatures(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    const auto found = std::ranges::find(kLigatures, c, &Ligature::from);
    out += found == kLigatures.end() ? std::u32string_view(&c, 1) : found->to;
  }
  return out;
}

char32_t straight_quote(char32_t c) noexcept {
  if (c == 0x02BC || (c >= 0x2018 && c <= 0x201B)) return U'\'';
  return c >= 0x201C && c <= 0x201F ? U'"' : c;
}

std::u32string unix_line_breaks(std::u32string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') continue;
    out += c == U'\r' || c == 0x2028 || c == 0x2029 || c == 0x85 ? U'\n' : c;
  }
  return out;
}

bool is_ascii_letter(char32_t c) noexcept { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

/// Without "ESC [ digits and semicolons, letter".
std::u32string without_terminal_escapes(std::u32string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x1B && i + 1 < text.size() && text[i + 1] == U'[') {
      std::size_t end = i + 2;
      while (end < text.size() && ((text[end] >= U'0' && text[end] <= U'9') || text[end] == U';')) ++end;
      if (end < text.size() && is_ascii_letter(text[end])) {
        i = end;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

bool is_unwanted_control(char32_t c) noexcept {
  return c < 0x09 || c == 0x0B || (c >= 0x0E && c < 0x20) || c == 0x7F || (c >= 0x206A && c < 0x2070) || c == 0xFEFF ||
         (c >= 0xFFF9 && c < 0xFFFD);
}

std::u32string fix_segment_once(std::u32string text, bool unescape) {
  if (unescape) text = unescape_html_strictly(text);
  text = fix_encoding(std::move(text));
  for (char32_t& c : text) c = c >= 0x80 && c <= 0x9F ? windows_1252(static_cast<std::uint8_t>(c)) : c;
  text = standard_width(split_ligatures(text));
  for (char32_t& c : text) c = straight_quote(c);
  text = without_terminal_escapes(unix_line_breaks(text));
  std::erase_if(text, is_unwanted_control);
  return nfc(text);
}

std::u32string fix_segment(std::u32string text, bool unescape) {
  constexpr int kRounds = 100;  // far above what any text needs
  for (int round = 0; round < kRounds; ++round) {
    std::u32string fixed = fix_segment_once(text, unescape);
    if (fixed == text) break;
    text = std::move(fixed);
  }
  return text;
}

/// Runs of white space become one space; none at the ends.
std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    const bool space = is_python_space(c);
    if (space && (out.empty() || out.back() == U' ')) continue;
    out += space ? U' ' : c;
  }
  if (!out.empty() && out.back() == U' ') out.pop_back();
  return out;
}

}  // namespace

std::u32string fix_text(std::u32string_view text) {
  std::u32string out;
  bool unescape = true;  // a '<' says that the text is HTML, whose references are meant
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line = text.find(U'\n', at);
    const std::size_t end = line == std::u32string_view::npos ? text.size() : line + 1;
    const std::u32string_view segment = text.substr(at, end - at);
    unescape = unescape && segment.find(U'<') == std::u32string_view::npos;
    out += fix_segment(std::u32string(segment), unescape);
    at = end;
  }
  return out;
}

std::string clean_prompt(std::string_view prompt) {
  const std::u32string fixed = fix_text(decode_utf8(prompt));
  return encode_utf8(collapse_spaces(unescape_html5(unescape_html5(fixed))));
}

}  // namespace wean::models
