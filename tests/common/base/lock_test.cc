// WriterLock keeps other processes out; so the fights are between forked children.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <string>

#include "common/base/file.h"
#include "tests/support/child.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean {
namespace {

using ::testing::ElementsAre;
using ::wean::testing::run_child;
using ::wean::testing::slurp;
using ::wean::testing::start_child;
using ::wean::testing::TempDir;
using ::wean::testing::wait_child;

/// A pipe that children wait on; it opens when everyone, children included, has closed the writing end.
class Gate {
 public:
  Gate() {
    if (::pipe(ends_.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~Gate() {
    open();
    ::close(ends_[0]);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  void open() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  void wait() {  // in a child
    open();
    char byte = 0;
    while (::read(ends_[0], &byte, 1) > 0) {
    }
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(WriterLock, LeavesNothingBehind) {
  const TempDir dir;
  {
    const WriterLock lock(dir / "out");
    EXPECT_THAT(dir.names(), ElementsAre("out.lock"));
    EXPECT_EQ(slurp(dir / "out.lock"), std::to_string(::getpid()));
  }
  EXPECT_TRUE(dir.names().empty());
}

TEST(WriterLock, SecondProcessIsToldWhoHoldsIt) {
  const TempDir dir;
  const WriterLock lock(dir / "out");
  const std::string holder = "process " + std::to_string(::getpid());
  const int code = run_child([&] {
    try {
      const WriterLock second(dir / "out");
    } catch (const Error& error) {
      const bool told = std::string(error.what()).find(holder) != std::string::npos;
      return told ? static_cast<int>(error.code()) : 97;
    }
    return 0;
  });
  EXPECT_EQ(code, 8);
}

TEST(WriterLock, DeathReleasesIt) {
  const TempDir dir;
  const int ended = run_child([&dir] {
    const WriterLock lock(dir / "out");
    ::raise(SIGKILL);
    return 0;
  });
  EXPECT_EQ(ended, -SIGKILL);
  EXPECT_THAT(dir.names(), ElementsAre("out.lock"));
  EXPECT_NO_THROW(WriterLock(dir / "out"));
}

TEST(WriterLock, FoldersThatDoNotExistAreNamed) {
  const TempDir dir;
  EXPECT_ERROR(WriterLock(dir / "no/out"), ErrorCode::kIo, "no/out.lock");
}

/// One of two writers: starts with the other, publishes its own letters once the loser is gone.
int write_letters(Gate& start, Gate& loser_gone, const std::filesystem::path& output, char letter) {
  loser_gone.open();
  start.wait();
  try {
    const WriterLock lock(output);
    loser_gone.wait();
    publish_text(output, std::string(10000, letter), Overwrite::kReplace);
    return 0;
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
}

TEST(WriterLock, OfTwoWritersOneWinsAHundredTimes) {
  const TempDir dir;
  for (int round = 0; round < 100; ++round) {
    Gate start;
    Gate loser_gone;
    for (const char letter : {'a', 'b'}) {
      (void)start_child([&, letter] { return write_letters(start, loser_gone, dir / "out", letter); });
    }
    start.open();
    ASSERT_EQ(wait_child(-1), 8) << "the first to end must be the one without the lock, round " << round;
    loser_gone.open();
    ASSERT_EQ(wait_child(-1), 0);
    const std::string text = slurp(dir / "out");
    ASSERT_TRUE(text == std::string(10000, 'a') || text == std::string(10000, 'b'));
    ASSERT_THAT(dir.names(), ElementsAre("out"));
  }
}

}  // namespace
}  // namespace wean
