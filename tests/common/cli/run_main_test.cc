#include "common/cli/run_main.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <vector>

#include "common/base/error.h"
#include "common/base/version.h"

namespace wean::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> arguments, const std::function<std::string()>& body) {
  CommonOptions common;
  double density = 0.45;
  std::string method = "uniform";
  const auto declare = [&](CLI::App& app) {
    add_common_options(app, common);
    app.add_option("--density", density, "Share of the work kept")->check(CLI::Range(0.0, 1.0));
    app.add_option("--method", method, "How to choose")->check(CLI::IsMember({"uniform", "dense"}));
  };
  arguments.insert(arguments.begin(), "wean-test");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = run_main({"wean-test", "Tests run_main", declare, body}, static_cast<int>(argv.size()), argv.data());
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

std::string unreached() {
  ADD_FAILURE() << "the tool ran although its command line is wrong or asks for help";
  return "";
}

TEST(RunMain, ResultGoesToStdout) {
  const Outcome outcome = run({}, [] { return "result\n"; });
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "result\n");
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(RunMain, EveryErrorCodeIsTheExitCode) {
  for (const int code : {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 75}) {
    const Outcome outcome = run({}, [code]() -> std::string { fail(static_cast<ErrorCode>(code), "a.h5: broken"); });
    EXPECT_EQ(outcome.code, code);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, StartsWith("wean-test: error: a.h5: broken\n"));
  }
}

TEST(RunMain, OnlyUsageErrorsPointAtTheHelp) {
  EXPECT_THAT(run({}, []() -> std::string { fail(ErrorCode::kUsage, "x"); }).err, HasSubstr("see wean-test --help"));
  EXPECT_EQ(run({}, []() -> std::string { fail(ErrorCode::kIo, "x"); }).err, "wean-test: error: x\n");
}

TEST(RunMain, MemoryAndFileSystemErrorsAreSix) {
  const Outcome memory = run({}, []() -> std::string { throw std::bad_alloc(); });
  EXPECT_EQ(memory.code, 6);
  EXPECT_EQ(memory.err, "wean-test: error: out of memory\n");
  const Outcome files =
      run({}, []() -> std::string { return std::to_string(std::filesystem::file_size("/none/at/all")); });
  EXPECT_EQ(files.code, 6);
  EXPECT_THAT(files.err, HasSubstr("/none/at/all"));
}

TEST(RunMain, OtherExceptionsAreCalledABug) {
  const Outcome known = run({}, []() -> std::string { throw std::logic_error("index 7"); });
  EXPECT_EQ(known.code, 70);
  EXPECT_THAT(known.err, AllOf(HasSubstr("internal error, a bug in wean-test"), HasSubstr("index 7")));
  EXPECT_EQ(run({}, []() -> std::string { throw 7; }).code, 70);
}

TEST(RunMain, MessagesStayOnOneLine) {
  const Outcome outcome = run({}, []() -> std::string { fail(ErrorCode::kMalformed, "name 'a\nb\x1b[2J'"); });
  EXPECT_EQ(outcome.err, "wean-test: error: name 'a?b?[2J'\n");
}

TEST(RunMain, BadCommandLinesSayWhatIsAllowed) {
  const auto expect_usage = [](const std::vector<std::string>& arguments, const std::string& part) {
    const Outcome outcome = run(arguments, unreached);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err,
                AllOf(StartsWith("wean-test: error: "), HasSubstr(part), EndsWith("see wean-test --help\n")));
  };
  expect_usage({"--densty", "0.4"}, "--densty");
  expect_usage({"--density", "1.5"}, "range 0.000000 to 1.000000");
  expect_usage({"--density", "much"}, "--density");
  expect_usage({"--density"}, "--density");
  expect_usage({"--method", "best"}, "{uniform,dense}");
  expect_usage({"stray"}, "stray");
}

TEST(RunMain, HelpShowsDefaultsAndExitCodes) {
  const Outcome outcome = run({"--help"}, unreached);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("Tests run_main"), HasSubstr("=0.45"), HasSubstr("=uniform"),
                                 HasSubstr("--dry-run"), HasSubstr("75 stopped by a signal")));
}

TEST(RunMain, VersionNamesToolAndNumber) {
  const Outcome outcome = run({"--version"}, unreached);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, std::string("wean-test ") + version() + "\n");
}

TEST(RunMain, CommonOptionsReachTheTool) {
  CommonOptions common;
  CLI::App app;
  add_common_options(app, common);
  app.parse("--json --dry-run --force --quiet");
  EXPECT_TRUE(common.json && common.dry_run && common.force && common.quiet);
}

}  // namespace
}  // namespace wean::cli
