#include "verify/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wean::verify {
namespace {

ClipReport clip(const std::string& prompt, double first, double second) {
  ClipReport c;
  c.prompt = prompt;
  c.sparse.resize(2);
  c.sparse[0].closeness.psnr = first;
  c.sparse[1].closeness.psnr = second;
  return c;
}

TEST(Aggregate, AveragesNoisesOfAPromptFirst) {
  const std::vector<ClipReport> clips{clip("a", 10, 0), clip("a", 20, 0), clip("b", 30, 0)};
  const Estimate e = aggregate(clips, [](const ClipReport& c) { return c.sparse[0].closeness.psnr; });
  EXPECT_EQ(e.prompts, 2u);
  EXPECT_DOUBLE_EQ(e.mean, 22.5);
  EXPECT_DOUBLE_EQ(e.error, std::sqrt((7.5 * 7.5 * 2) / 1 / 2));
}

TEST(Aggregate, PairsClipByClip) {
  const std::vector<ClipReport> clips{clip("a", 10, 11), clip("b", 30, 31), clip("c", 5, 6)};
  const Estimate e = paired_psnr(clips, 1, 0);
  EXPECT_DOUBLE_EQ(e.mean, 1.0);
  EXPECT_NEAR(e.error, 0.0, 1e-12);
}

TEST(Aggregate, OnePromptHasNoError) {
  EXPECT_TRUE(std::isnan(aggregate({clip("a", 1, 2)}, [](const ClipReport&) { return 4.0; }).error));
}

}  // namespace
}  // namespace wean::verify
