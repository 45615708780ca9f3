#include "common/base/prompts.h"

#include <map>
#include <sstream>

#include "common/base/error.h"
#include "common/base/file.h"
#include "common/base/utf8.h"

namespace wean {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Spaces, tabs or nothing, or a comment.
bool is_skipped(const std::string& line) {
  return line.find_first_not_of(" \t") == std::string::npos || line.front() == '#';
}

void check_text(const std::string& line, const std::string& where) {
  require(line.find('\0') == std::string::npos, ErrorCode::kMalformed, where,
          " holds a NUL byte; prompts are UTF-8 text");
  const auto bad = invalid_utf8_at(line);
  require(!bad, ErrorCode::kMalformed, where, " is not UTF-8 at byte ", bad.value_or(0) + 1,
          "; save the file as UTF-8");
}

}  // namespace

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  std::string text = read_text(path, std::uint64_t{16} << 20);
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  std::vector<Prompt> prompts;
  std::map<Digest, std::size_t> first_line;
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    check_text(line, path.string() + ": line " + std::to_string(number));
    if (is_skipped(line)) continue;
    const Digest digest = sha256(line);
    const auto [found, fresh] = first_line.emplace(digest, number);
    require(fresh, ErrorCode::kMalformed, path.string(), ": line ", number, " repeats the prompt of line ",
            found->second, "; prompts must differ");
    prompts.push_back({line, digest});
  }
  require(!prompts.empty(), ErrorCode::kMalformed, path.string(), ": holds no prompt; one a line is expected");
  return prompts;
}

}  // namespace wean
