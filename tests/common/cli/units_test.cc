#include "common/cli/units.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wean::cli {
namespace {

TEST(Units, Seconds) {
  EXPECT_EQ(format_seconds(0), "0.0 s");
  EXPECT_EQ(format_seconds(0.44), "0.4 s");
  EXPECT_EQ(format_seconds(9.94), "9.9 s");
  EXPECT_EQ(format_seconds(9.96), "10 s");
  EXPECT_EQ(format_seconds(59.4), "59 s");
  EXPECT_EQ(format_seconds(59.6), "1 min 00 s");
  EXPECT_EQ(format_seconds(125), "2 min 05 s");
  EXPECT_EQ(format_seconds(3599.4), "59 min 59 s");
  EXPECT_EQ(format_seconds(3599.6), "1 h 00 min");
  EXPECT_EQ(format_seconds(4320), "1 h 12 min");
  EXPECT_EQ(format_seconds(90 * 3600), "90 h 00 min");
}

TEST(Units, SecondsThatNobodyKnows) {
  EXPECT_EQ(format_seconds(-1), "?");
  EXPECT_EQ(format_seconds(std::nan("")), "?");
  EXPECT_EQ(format_seconds(INFINITY), "?");
}

TEST(Units, Bytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(1.7e6), "1.7 MB");
  EXPECT_EQ(format_bytes(999949), "999.9 kB");
  EXPECT_EQ(format_bytes(999951), "1.0 MB");
  EXPECT_EQ(format_bytes(3.4e9), "3.4 GB");
  EXPECT_EQ(format_bytes(5e18), "5000.0 PB");
}

}  // namespace
}  // namespace wean::cli
