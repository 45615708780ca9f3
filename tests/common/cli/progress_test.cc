#include "common/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace wean::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A sink that records, with a clock that only moves when told.
struct Recorder {
  std::vector<std::string> writes;
  ProgressSink::Clock::time_point now{};

  ProgressSink sink(bool terminal, int width = 80) {
    ProgressSink sink;
    sink.terminal = terminal;
    sink.width = width;
    sink.write = [this](std::string_view text) { writes.emplace_back(text); };
    sink.now = [this] { return now; };
    return sink;
  }
  void pass(double seconds) {
    now += std::chrono::duration_cast<ProgressSink::Clock::duration>(std::chrono::duration<double>(seconds));
  }
};

TEST(ProgressLog, OneLineEveryTenSeconds) {
  Recorder recorder;
  Progress progress("extract", 100, recorder.sink(false));
  for (std::uint64_t second = 1; second <= 35; ++second) {
    recorder.pass(1);
    progress.update(second, "step " + std::to_string(second));
  }
  progress.finish();
  EXPECT_THAT(recorder.writes,
              ElementsAre("extract:  10 % (10/100), ETA 1 min 30 s, step 10\n",
                          "extract:  20 % (20/100), ETA 1 min 20 s, step 20\n",
                          "extract:  30 % (30/100), ETA 1 min 10 s, step 30\n", "extract: done in 35 s\n"));
}

TEST(ProgressLog, LoadingBeforeTheFirstStepDoesNotCount) {
  Recorder recorder;
  Progress progress("extract", 100, recorder.sink(false));
  recorder.pass(600);
  progress.update(0, "loaded");
  recorder.pass(10);
  progress.update(10, "");
  EXPECT_THAT(recorder.writes,
              ElementsAre("extract:   0 % (0/100), loaded\n", "extract:  10 % (10/100), ETA 1 min 30 s\n"));
}

TEST(ProgressLog, ShortTasksSayOneLine) {
  Recorder recorder;
  Progress progress("pack", 2, recorder.sink(false));
  progress.update(1, "");
  progress.update(2, "");
  progress.finish();
  progress.finish();
  EXPECT_THAT(recorder.writes, ElementsAre("pack: done in 0.0 s\n"));
}

TEST(ProgressBar, MovesTenTimesASecond) {
  Recorder recorder;
  Progress progress("verify", 1000, recorder.sink(true));
  for (std::uint64_t i = 0; i < 1000; ++i) {
    progress.update(i, "");
    recorder.pass(0.001);
  }
  EXPECT_GE(recorder.writes.size(), 9U);
  EXPECT_LE(recorder.writes.size(), 11U);
}

TEST(ProgressBar, OverwritesItselfAndEndsTheLine) {
  Recorder recorder;
  {
    Progress progress("verify", 4, recorder.sink(true));
    recorder.pass(1);
    progress.update(1, "prompt 1/2");
    recorder.pass(3);
    progress.finish();
  }
  EXPECT_THAT(recorder.writes, ElementsAre("\rverify [=====               ]  25 %, ETA 3.0 s, prompt 1/2\x1b[K",
                                           "\rverify: done in 4.0 s\x1b[K\n"));
}

TEST(ProgressBar, AnErrorStartsOnItsOwnLine) {
  Recorder recorder;
  {
    Progress progress("verify", 4, recorder.sink(true));
    progress.update(1, "");
  }
  ASSERT_FALSE(recorder.writes.empty());
  EXPECT_EQ(recorder.writes.back(), "\n");
}

TEST(ProgressBar, NeverWiderThanTheTerminal) {
  Recorder recorder;
  Progress progress("verify", 4, recorder.sink(true, 40));
  progress.update(1, std::string(200, 'x'));
  ASSERT_EQ(recorder.writes.size(), 1U);
  EXPECT_EQ(recorder.writes[0].size(), std::string("\r").size() + 39 + std::string("\x1b[K").size());
}

TEST(Progress, QuietIsSilent) {
  ::testing::internal::CaptureStderr();
  Progress progress("verify", 4, true);
  progress.update(1, "x");
  progress.finish();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), IsEmpty());
}

TEST(Progress, StderrThatIsNoTerminalGetsLines) {
  ::testing::internal::CaptureStderr();
  Progress progress("verify", 4, false);
  progress.update(1, "x");
  progress.finish();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), StartsWith("verify: done in"));
}

TEST(Progress, CallbackTakesTheTotalOfItsEvents) {
  Recorder recorder;
  Progress progress("extract", 0, recorder.sink(false));
  const ProgressCallback report = progress.callback();
  recorder.pass(10);
  report({5, 20, "prompt 1/4"});
  EXPECT_THAT(recorder.writes, ElementsAre(HasSubstr("25 % (5/20), ETA 30 s, prompt 1/4")));
}

TEST(Progress, UnknownTotalShowsNoEta) {
  Recorder recorder;
  Progress progress("merge", 0, recorder.sink(false));
  recorder.pass(10);
  progress.update(3, "");
  EXPECT_THAT(recorder.writes, ElementsAre("merge:   0 % (3/0)\n"));
}

}  // namespace
}  // namespace wean::cli
