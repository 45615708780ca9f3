// Prompt cleaning, as diffusers' WanPipeline does it before tokenising.
#pragma once
#include <string>
#include <string_view>

namespace wean::models {

/// ftfy's fixes (see fix_text), HTML references resolved twice, white space collapsed and trimmed. UTF-8 in and out;
/// malformed bytes become U+FFFD.
[[nodiscard]] std::string clean_prompt(std::string_view prompt);

/// ftfy.fix_text with its defaults, line by line until nothing changes: HTML references, mojibake (see mojibake.h),
/// Latin ligatures, character widths, curly quotes, line breaks, terminal escapes, control characters, normal form C.
[[nodiscard]] std::u32string fix_text(std::u32string_view text);

}  // namespace wean::models
