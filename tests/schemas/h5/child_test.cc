#include "schemas/h5/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <vector>

#include "common/base/error.h"
#include "tests/schemas/h5/known.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using ::testing::HasSubstr;

constexpr const char* kForeign = "/dev/null";

/// The error of a walk, or code 0 when there was none.
std::pair<int, std::string> walk(const std::function<void()>& check, const h5::WalkLimits& limits = {}) {
  try {
    h5::walk_in_child(kForeign, check, limits);
    return {0, ""};
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  }
}

TEST(Child, GoodWalkReturnsAndLeavesNoTrace) {
  int value = 1;
  EXPECT_EQ(walk([&] { value = 2; }).first, 0);
  EXPECT_EQ(value, 1);
}

TEST(Child, ErrorsComeBackWithCodeAndMessage) {
  const auto [code, message] = walk([] { fail(ErrorCode::kIntegrity, "file: field 7"); });
  EXPECT_EQ(code, 4);
  EXPECT_EQ(message, "file: field 7");
}

TEST(Child, CrashIsMalformed) {
  for (const int signal : {SIGSEGV, SIGABRT, SIGKILL}) {
    const auto [code, message] = walk([signal] { ::raise(signal); });
    EXPECT_EQ(code, 3);
    EXPECT_THAT(message, HasSubstr("/dev/null: crashed while being walked"));
  }
}

TEST(Child, LeavingWithoutAVerdictIsMalformed) {
  const auto [code, message] = walk([] { ::_exit(0); });
  EXPECT_EQ(code, 3);
  EXPECT_THAT(message, HasSubstr("crashed while being walked (exit 0)"));
}

TEST(Child, EndlessLoopEndsWithItsProcessorTime) {
  const auto [code, message] = walk(
      [] {
        std::atomic<int> spins = 0;
        for (;;) ++spins;
      },
      {.processor = std::chrono::seconds(1)});
  EXPECT_EQ(code, 3);
  EXPECT_THAT(message, HasSubstr("crashed while being walked"));
}

TEST(Child, SleepEndsWithItsTime) {
  const auto [code, message] = walk([] { ::sleep(60); }, {.wall = std::chrono::seconds(1)});
  EXPECT_EQ(code, 3);
  EXPECT_THAT(message, HasSubstr("crashed while being walked (signal 9)"));
}

TEST(Child, MemoryIsLimited) {
  const auto [code, message] = walk(
      [] {
        std::vector<std::unique_ptr<char[]>> held;
        for (int i = 0; i < 4096; ++i) held.push_back(std::make_unique<char[]>(1 << 20));
      },
      {.memory_bytes = 256 << 20});
  EXPECT_EQ(code, 3) << message;
}

TEST(Child, InterruptsAreTheParentsBusiness) {
  EXPECT_EQ(walk([] { ::raise(SIGINT); }).first, 0);
}

TEST(Child, OwnFilesAreNotWalked) {
  const testing::TempDir folder;
  const std::filesystem::path path = folder / "own.h5";
  testing::write_known_plan(path);
  h5::walk_in_child(path, [] { fail(ErrorCode::kMalformed, "walked"); });
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_ERROR(h5::walk_in_child(path, [] { fail(ErrorCode::kMalformed, "walked"); }), ErrorCode::kMalformed, "walked");
}

}  // namespace
}  // namespace wean
