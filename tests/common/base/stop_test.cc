#include "common/base/stop.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/child.h"
#include "tests/support/expect_error.h"

namespace wean {
namespace {

using ::wean::testing::run_child;

TEST(Stop, NothingIsRequestedAtFirst) {
  EXPECT_FALSE(stop_requested());
  EXPECT_NO_THROW(throw_if_stopped("unused"));
}

TEST(Stop, EachSignalSetsTheFlag) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
    const int code = run_child([signal] {
      install_stop_handlers();
      if (stop_requested()) return 96;
      ::raise(signal);
      return stop_requested() ? 42 : 97;
    });
    EXPECT_EQ(code, 42) << "signal " << signal;
  }
}

TEST(Stop, ThrowsWithTheWayToResume) {
  const int code = run_child([] {
    install_stop_handlers();
    ::raise(SIGINT);
    try {
      throw_if_stopped("run again with --resume");
    } catch (const Error& error) {
      const bool says = std::string(error.what()).find("run again with --resume") != std::string::npos;
      return says ? static_cast<int>(error.code()) : 97;
    }
    return 98;
  });
  EXPECT_EQ(code, 75);
}

TEST(Stop, SecondSignalEndsAtOnce) {
  const int code = run_child([] {
    install_stop_handlers();
    ::raise(SIGINT);
    ::raise(SIGTERM);
    return 97;
  });
  EXPECT_EQ(code, 75);
}

}  // namespace
}  // namespace wean
