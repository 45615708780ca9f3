#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "schemas/profile/kind.h"
#include "tests/schemas/h5/known.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

/// Other threads allocate and print while this one forks.
TEST(Child, ForksSafelyBesideBusyThreads) {
  const testing::TempDir folder;
  testing::write_known_plan(folder / "own.h5");
  std::filesystem::copy_file(folder / "own.h5", folder / "foreign.h5");
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) EXPECT_TRUE(is_hdf5(folder / "foreign.h5"));
    });
  }
  threads.emplace_back([&] {
    while (!stop) EXPECT_EQ(read_plan(folder / "own.h5").rows.size(), 24U);
  });
  for (int i = 0; i < 30; ++i) EXPECT_EQ(read_plan(folder / "foreign.h5").rows.size(), 24U);
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace wean
