#include "common/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "common/base/error.h"

namespace wean {
namespace {

TEST(Parallel, EveryIndexRunsOnce) {
  for (const int threads : {0, 1, 3}) {
    std::vector<std::atomic<int>> runs(1000);
    parallel_for(1000, threads, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(Parallel, NothingToDoIsNoCall) {
  parallel_for(0, 4, [](std::int64_t) { FAIL(); });
}

TEST(Parallel, TheErrorOfTheLowestIndexComesBack) {
  for (const int threads : {1, 4}) {
    std::string message;
    try {
      parallel_for(100, threads, [](std::int64_t i) {
        if (i % 10 == 7) fail(ErrorCode::kMalformed, "item ", i);
      });
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "item 7");
  }
}

TEST(Parallel, TeamSizeIsWhatWasAskedOrTheMachine) {
  EXPECT_EQ(team_size(5), 5);
  EXPECT_GE(team_size(0), 1);
}

}  // namespace
}  // namespace wean
