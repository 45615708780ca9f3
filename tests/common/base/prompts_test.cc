// Prompt files as editors write them, and what is refused with its line.
#include "common/base/prompts.h"

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using testing::TempDir;

std::vector<std::string> texts_of(const std::string& file) {
  const TempDir dir;
  testing::spill(dir / "p.txt", file);
  std::vector<std::string> texts;
  for (const Prompt& prompt : read_prompts(dir / "p.txt")) {
    EXPECT_EQ(prompt.digest, sha256(prompt.text));
    texts.push_back(prompt.text);
  }
  return texts;
}

TEST(Prompts, OneALineWithoutBlanksAndComments) {
  EXPECT_EQ(texts_of("# colours\n\na red ball\n \t\n  two \n"), (std::vector<std::string>{"a red ball", "  two "}));
  EXPECT_EQ(texts_of("last line without its end"), (std::vector<std::string>{"last line without its end"}));
}

TEST(Prompts, ByteOrderMarkAndCarriageReturnsBelongToNoPrompt) {
  const std::vector<std::string> expected{"a red ball", "\xC3\xBC"};
  EXPECT_EQ(texts_of("a red ball\n\xC3\xBC\n"), expected);
  EXPECT_EQ(texts_of("\xEF\xBB\xBF# from an editor\r\na red ball\r\n\r\n\xC3\xBC\r\n"), expected);
  EXPECT_EQ(texts_of("\xEF\xBB\xBF"
                     "a red ball\n\xC3\xBC"),
            expected);
}

TEST(Prompts, RefusesWithTheLine) {
  EXPECT_ERROR(texts_of("good\nna\xEFve\n"), ErrorCode::kMalformed, "p.txt: line 2 is not UTF-8 at byte 3; save");
  EXPECT_ERROR(texts_of("# caf\xE9\ngood\n"), ErrorCode::kMalformed, "p.txt: line 1 is not UTF-8 at byte 6");
  EXPECT_ERROR(texts_of(std::string("good\na\0b\n", 9)), ErrorCode::kMalformed, "p.txt: line 2 holds a NUL byte");
  EXPECT_ERROR(texts_of("a\nb\na\n"), ErrorCode::kMalformed, "line 3 repeats the prompt of line 1");
  EXPECT_ERROR(texts_of("a\r\nb\na\n"), ErrorCode::kMalformed, "line 3 repeats the prompt of line 1");
  EXPECT_ERROR(texts_of("\xEF\xBB\xBF\r\n"), ErrorCode::kMalformed, "holds no prompt");
}

}  // namespace
}  // namespace wean
