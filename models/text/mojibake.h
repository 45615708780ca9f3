// Repair of UTF-8 that was read as Latin-1 or Windows-1252.
//
// ftfy knows ten encodings and a long list of unlikely character pairs; this covers the two encodings that nearly all
// mojibake comes from, and takes any sequence that decodes as UTF-8 for a sign of it where chance is unlikely.
// models/text/README.md states how often the two agree.
#pragma once
#include <string>

namespace wean::models {

/// The text with its mojibake undone, as often as it was done; C1 controls become their Windows-1252 characters.
[[nodiscard]] std::u32string fix_encoding(std::u32string text);

}  // namespace wean::models
