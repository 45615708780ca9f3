// Golden files of version 1 never change, and the worked example of schemas/masks.md is what the writer writes.
#include <gtest/gtest.h>

#include <cctype>
#include <sstream>

#include "common/base/file.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

/// Bytes of the hex lines ("0040  01 02 ...") between the marks of the worked example; "*" repeats the line before.
std::vector<std::byte> bytes_of_the_text() {
  const std::string text = read_text(std::filesystem::path(WEAN_SOURCE_DIR) / "schemas/masks.md", 1 << 20);
  std::istringstream lines(text.substr(text.find("<!-- worked example -->")));
  std::vector<std::byte> bytes;
  bool stars = false;
  for (std::string line; std::getline(lines, line) && line != "<!-- end -->";) {
    if (line == "*") stars = true;
    if (line.size() < 8 || std::isxdigit(static_cast<unsigned char>(line[0])) == 0 || line.substr(4, 2) != "  ")
      continue;
    const std::size_t offset = std::stoul(line.substr(0, 4), nullptr, 16);
    while (stars && bytes.size() < offset) bytes.insert(bytes.end(), bytes.end() - 16, bytes.end());
    stars = false;
    EXPECT_EQ(bytes.size(), offset) << line;
    std::istringstream pairs(line.substr(6, 3 * 16));
    for (std::string pair; pairs >> pair;) bytes.push_back(static_cast<std::byte>(std::stoul(pair, nullptr, 16)));
  }
  return bytes;
}

TEST(MasksGolden, WorkedExampleOfTheText) { EXPECT_EQ(bytes_of_the_text(), test::encode(test::tiny_content())); }

TEST(MasksGolden, TinyFileIsUnchanged) {
  EXPECT_EQ(read_file(test::golden_path("v1-tiny.wean"), 1 << 20), test::encode(test::tiny_content()));
}

TEST(MasksGolden, FileIsUnchanged) {
  const auto bytes = read_file(test::golden_path("v1.wean"), 1 << 20);
  EXPECT_EQ(bytes, test::encode(test::golden_content()));
  EXPECT_GE(bytes.size(), 15U << 10);
  EXPECT_LE(bytes.size(), 18U << 10);
}

}  // namespace
}  // namespace wean
