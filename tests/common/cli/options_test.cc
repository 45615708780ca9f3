#include <gtest/gtest.h>

#include <optional>

#include "common/cli/choice.h"
#include "common/cli/number.h"

namespace wean::cli {
namespace {

/// What parsing `words` says: "" when it is accepted.
std::string parse(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

TEST(Choice, TakesListedWordsAlone) {
  std::optional<int> value;
  CLI::App app;
  add_choice<std::optional<int>>(app, "--device", value, {{"auto", std::nullopt}, {"cpu", 1}, {"cuda", 2}}, "Where");
  EXPECT_EQ(parse(app, {"--device", "cuda"}), "");
  EXPECT_EQ(value, 2);
  EXPECT_EQ(parse(app, {"--device", "auto"}), "");
  EXPECT_EQ(value, std::nullopt);
  EXPECT_NE(parse(app, {"--device", "tpu"}).find("'tpu' is unknown; allowed are auto, cpu, cuda"), std::string::npos);
  EXPECT_NE(app.help().find("--device auto|cpu|cuda"), std::string::npos) << app.help();
}

TEST(WholeNumber, RefusesAllThatIsNoNumberInRange) {
  std::uint64_t value = 0;
  CLI::App app;
  app.add_option("--seed", value)->check(whole_number(1, 20));
  EXPECT_EQ(parse(app, {"--seed", "20"}), "");
  EXPECT_EQ(value, 20U);
  for (const char* bad : {"0", "21", "-1", "+3", "2.5", "1e1", "0x3", "", "18446744073709551616", "3 "}) {
    EXPECT_NE(parse(app, {"--seed", bad}).find("allowed are whole numbers from 1 to 20"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace wean::cli
