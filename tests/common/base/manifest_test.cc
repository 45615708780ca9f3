#include "common/base/manifest.h"

#include <gtest/gtest.h>

namespace wean {
namespace {

TEST(Manifest, EqualTextsHaveNoDifference) {
  EXPECT_EQ(describe_difference("", ""), "");
  EXPECT_EQ(describe_difference("a: 1\nb: 2\n", "a: 1\nb: 2\n"), "");
}

TEST(Manifest, TheFirstLineThatDiffersIsShown) {
  EXPECT_EQ(describe_difference("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 4\nc: 5\n"), "'b: 2' against 'b: 4'");
}

TEST(Manifest, LongerTextDiffers) {
  EXPECT_EQ(describe_difference("a\n", "a\nb\n"), "'(end)' against 'b'");
  EXPECT_EQ(describe_difference("a\nb\n", "a\n"), "'b' against '(end)'");
}

}  // namespace
}  // namespace wean
