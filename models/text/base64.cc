#include "common/base/error.h"
#include "models/text/tokenizer_files.h"

namespace wean::models {
namespace {

int value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

std::string from_base64(std::string_view text, const std::string& where) {
  require(text.size() % 4 == 0, ErrorCode::kMalformed, where, ": base64 of ", text.size(), " characters");
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = value_of(c);
    require(value >= 0, ErrorCode::kMalformed, where, ": a character that is not base64");
    bits = (bits << 6U) | static_cast<unsigned>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(static_cast<unsigned char>((bits >> count) & 0xFFU));
  }
  return out;
}

}  // namespace wean::models
