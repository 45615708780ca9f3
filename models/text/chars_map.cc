#include "models/text/chars_map.h"

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "models/text/unicode.h"

namespace wean::models {
namespace {

constexpr std::size_t kUnit = 4;
constexpr std::size_t kLongestCluster = 5;  // bytes; longer grapheme clusters go character by character

std::uint32_t read_u32(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kUnit; ++i) value |= std::uint32_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return value;
}

// Fields of a double-array unit (darts-clone).
bool has_leaf(std::uint32_t unit) noexcept { return ((unit >> 8U) & 1U) == 1; }
std::uint32_t value_of(std::uint32_t unit) noexcept { return unit & 0x7FFFFFFFU; }
std::uint32_t label_of(std::uint32_t unit) noexcept { return unit & 0x800000FFU; }
std::uint32_t offset_of(std::uint32_t unit) noexcept { return (unit >> 10U) << ((unit & 0x200U) >> 6U); }

/// End of the grapheme cluster at `begin`.
std::size_t cluster_end(const std::u32string& text, std::size_t begin) {
  if (text[begin] == U'\r' && begin + 1 < text.size() && text[begin + 1] == U'\n') return begin + 2;
  const char32_t c = text[begin];
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
  std::size_t end = begin + 1;
  while (!control && end < text.size() && continues_grapheme(text[end])) ++end;
  return end;
}

}  // namespace

CharsMap::CharsMap(std::string_view blob, const std::string& where) {
  if (blob.empty()) return;
  require(blob.size() >= kUnit, ErrorCode::kMalformed, where, ": normalisation table of ", blob.size(), " bytes");
  const std::uint32_t size = read_u32(blob);
  blob.remove_prefix(kUnit);
  require(size % kUnit == 0 && size <= blob.size(), ErrorCode::kMalformed, where, ": normalisation trie of ", size,
          " bytes in a table of ", blob.size());
  for (std::size_t at = 0; at < size; at += kUnit) units_.push_back(read_u32(blob.substr(at)));
  normalized_ = blob.substr(size);
  const auto bad = invalid_utf8_at(normalized_);
  require(!bad, ErrorCode::kMalformed, where, ": normalisation table is not UTF-8 at byte ", bad.value_or(0));
}

std::optional<std::string_view> CharsMap::look_up(std::string_view chunk) const noexcept {
  if (units_.empty()) return std::nullopt;
  std::size_t node = offset_of(units_[0]);
  for (const char c : chunk) {
    if (c == '\0') break;
    node ^= static_cast<std::uint8_t>(c);
    if (node >= units_.size() || label_of(units_[node]) != static_cast<std::uint8_t>(c)) break;
    const std::uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (node >= units_.size() || value_of(units_[node]) > normalized_.size()) break;
    const std::string_view text = std::string_view(normalized_).substr(value_of(units_[node]));
    return text.substr(0, text.find('\0'));
  }
  return std::nullopt;
}

std::string CharsMap::normalize(std::string_view text) const {
  std::string out;
  const std::u32string characters = decode_utf8(text);
  for (std::size_t begin = 0; begin < characters.size();) {
    const std::size_t end = cluster_end(characters, begin);
    const std::string cluster = encode_utf8(std::u32string_view(characters).substr(begin, end - begin));
    const auto whole = cluster.size() <= kLongestCluster ? look_up(cluster) : std::nullopt;
    if (whole) out += *whole;
    for (std::size_t i = begin; !whole && i < end; ++i) {
      const std::string one = encode_utf8(std::u32string_view(characters).substr(i, 1));
      out += look_up(one).value_or(one);
    }
    begin = end;
  }
  return out;
}

}  // namespace wean::models
