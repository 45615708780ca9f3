#include "common/base/utf8.h"

#include <gtest/gtest.h>

namespace wean {
namespace {

TEST(Utf8, DecodesAndEncodesEveryLength) {
  const std::string text = "a\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  EXPECT_FALSE(invalid_utf8_at(text));
  EXPECT_EQ(decode_utf8(text), U"a\u0080\u07FF\u0800\uFFFF\U00010000\U0010FFFF");
  EXPECT_EQ(encode_utf8(decode_utf8(text)), text);
}

TEST(Utf8, RefusesWhatUnicodeRefuses) {
  for (const char* bad : {"\x80", "\xC1\x81", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xC2", "\xE1\x80", "\xC2x"}) {
    EXPECT_EQ(invalid_utf8_at(std::string("a") + bad), 1U);
  }
}

TEST(Utf8, PrintableShowsControlCharactersAndCuts) {
  EXPECT_EQ(printable("a\nb\x7F"), "a\\x0ab\\x7f");
  EXPECT_EQ(printable(std::string(200, 'x')), std::string(120, 'x') + "...");
}

}  // namespace
}  // namespace wean
