#include "models/text/unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace wean::models {
namespace {

struct Decomposition {
  std::uint32_t whole, first, second;  ///< second 0: a single character
  bool composes;
};
constexpr Decomposition kDecompositions[] = {
#include "models/text/tables/decompositions.inc"
};

struct CombiningClass {
  std::uint32_t first, last;
  int value;
};
constexpr CombiningClass kClasses[] = {
#include "models/text/tables/combining_classes.inc"
};

struct Range {
  std::uint32_t first, last;
};
constexpr Range kGraphemeExtend[] = {
#include "models/text/tables/grapheme_extend.inc"
};

struct Width {
  std::uint32_t from, to;
};
constexpr Width kWidths[] = {
#include "models/text/tables/widths.inc"
};

// Hangul syllables are computed (Unicode Standard, section 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTailCount;

template <typename T, std::size_t size>
const T* range_of(const T (&table)[size], char32_t c) noexcept {
  const auto after = std::ranges::upper_bound(table, c, {}, &T::first);
  return after != std::begin(table) && c <= std::prev(after)->last ? &*std::prev(after) : nullptr;
}

int combining_class(char32_t c) noexcept {
  const CombiningClass* found = range_of(kClasses, c);
  return found == nullptr ? 0 : found->value;
}

void decompose(char32_t c, std::u32string& out) {
  if (c >= kSyllables && c < kSyllables + kSyllableCount) {
    const char32_t index = c - kSyllables;
    out += kLeads + index / (kVowelCount * kTailCount);
    out += kVowels + index % (kVowelCount * kTailCount) / kTailCount;
    if (index % kTailCount != 0) out += kTails + index % kTailCount;
    return;
  }
  const auto found = std::ranges::lower_bound(kDecompositions, c, {}, &Decomposition::whole);
  if (found == std::end(kDecompositions) || found->whole != c) {
    out += c;
    return;
  }
  decompose(found->first, out);  // at most four levels deep
  if (found->second != 0) out += found->second;
}

/// Sorts every run of marks by combining class, stably.
void reorder(std::u32string& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && combining_class(text[end]) != 0) ++end;
    const auto first = text.begin() + static_cast<std::ptrdiff_t>(begin);
    std::ranges::stable_sort(first, text.begin() + static_cast<std::ptrdiff_t>(end), {}, combining_class);
    begin = end + 1;
  }
}

/// The composing pairs, sorted by (first, second).
const std::vector<Decomposition>& pairs() {
  static const std::vector<Decomposition> table = [] {
    std::vector<Decomposition> out;
    std::ranges::copy_if(kDecompositions, std::back_inserter(out), &Decomposition::composes);
    std::ranges::sort(out, {}, [](const Decomposition& d) { return std::pair(d.first, d.second); });
    return out;
  }();
  return table;
}

std::optional<char32_t> compose_pair(char32_t first, char32_t second) {
  if (first >= kLeads && first < kLeads + kLeadCount && second >= kVowels && second < kVowels + kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTailCount;
  }
  const bool open =
      first >= kSyllables && first < kSyllables + kSyllableCount && (first - kSyllables) % kTailCount == 0;
  if (open && second > kTails && second < kTails + kTailCount) return first + (second - kTails);
  const auto key = std::pair<std::uint32_t, std::uint32_t>(first, second);
  const auto found =
      std::ranges::lower_bound(pairs(), key, {}, [](const Decomposition& d) { return std::pair(d.first, d.second); });
  if (found == pairs().end() || std::pair(found->first, found->second) != key) return std::nullopt;
  return found->whole;
}

std::u32string compose(const std::u32string& text) {
  std::u32string out;
  std::size_t starter = std::u32string::npos;
  int last_class = 0;  // of the character before in `out`; 0 right after the starter
  for (const char32_t c : text) {
    const int here = combining_class(c);
    const bool adjacent = starter != std::u32string::npos && starter + 1 == out.size();
    const bool blocked = starter == std::u32string::npos || (!adjacent && last_class >= here);
    const auto whole = blocked ? std::nullopt : compose_pair(out[starter], c);
    if (whole) {
      out[starter] = *whole;
      continue;
    }
    if (here == 0) starter = out.size();
    last_class = here;
    out += c;
  }
  return out;
}

}  // namespace

std::u32string nfc(std::u32string_view text) {
  if (std::ranges::all_of(text, [](char32_t c) { return c < 0x300; })) return std::u32string(text);
  std::u32string apart;
  for (const char32_t c : text) decompose(c, apart);
  reorder(apart);
  return compose(apart);
}

bool is_white_space(char32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_python_space(char32_t c) noexcept { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

bool continues_grapheme(char32_t c) noexcept { return range_of(kGraphemeExtend, c) != nullptr; }

std::u32string standard_width(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    const auto found = std::ranges::lower_bound(kWidths, c, {}, &Width::from);
    if (c == 0xFFE3) {
      out += U" \u0304";  // the only one that stands for two characters
    } else {
      out += found != std::end(kWidths) && found->from == c ? static_cast<char32_t>(found->to) : c;
    }
  }
  return out;
}

}  // namespace wean::models
