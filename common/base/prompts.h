// Prompt files: one prompt a line, UTF-8; blank lines and lines that begin with '#' are skipped. A byte order mark and
// line ends of CR LF, which editors on Windows write, belong to no prompt.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/digest.h"

namespace wean {

/// A prompt as the user wrote it (without the line end) and the SHA-256 of exactly those bytes.
struct Prompt {
  std::string text;
  Digest digest{};
};

/// Prompts in file order. Throws kIo when the file cannot be read; kMalformed naming the line when it holds no prompt,
/// one twice, a NUL byte or what is not UTF-8, or is above 16 MiB.
[[nodiscard]] std::vector<Prompt> read_prompts(const std::filesystem::path& path);

}  // namespace wean
