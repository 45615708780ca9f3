#include "common/base/prompts.h"

#include <map>
#include <sstream>

#include "common/base/error.h"
#include "common/base/file.h"

namespace wean {

std::vector<Prompt> read_prompts(const std::filesystem::path& path) {
  const std::string text = read_text(path, std::uint64_t{16} << 20);
  require(text.find('\0') == std::string::npos, ErrorCode::kMalformed, path.string(),
          ": holds a NUL byte; prompts are UTF-8 text");
  std::vector<Prompt> prompts;
  std::map<Digest, std::size_t> first_line;
  std::istringstream lines(text);
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos || line.front() == '#') continue;
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
