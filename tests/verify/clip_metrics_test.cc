#include "verify/clip_metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace wean::verify {
namespace {

/// Runs the numpy oracle on two clips.
std::vector<double> oracle(const at::Tensor& clip, const at::Tensor& reference) {
  const testing::TempDir folder;
  const auto input = folder / "clips.bin";
  std::ofstream file(input, std::ios::binary);
  for (const at::Tensor& x : {clip, reference}) {
    const at::Tensor c = x.contiguous();
    file.write(static_cast<const char*>(c.const_data_ptr()), static_cast<std::streamsize>(c.nbytes()));
  }
  file.close();
  const std::string command = std::string(WEAN_PYTHON) + " " WEAN_SOURCE_DIR "/tests/verify/metrics_oracle.py " +
                              std::to_string(clip.size(0)) + " " + std::to_string(clip.size(1)) + " " +
                              std::to_string(clip.size(2)) + " < " + input.string();
  FILE* pipe = ::popen(command.c_str(), "r");
  std::vector<double> values;
  char line[128];
  while (pipe != nullptr && std::fgets(line, sizeof(line), pipe) != nullptr) values.push_back(std::atof(line));
  if (pipe != nullptr) ::pclose(pipe);
  return values;
}

TEST(ClipMetrics, EqualTheDefinitionsInNumpy) {
  at::manual_seed(1);
  const at::Tensor reference = at::rand({6, 24, 40, 3});
  const at::Tensor clip = (reference + 0.1 * at::randn({6, 24, 40, 3})).clamp(0, 1);
  const std::vector<double> expected = oracle(clip, reference);
  ASSERT_EQ(expected.size(), 5u);
  EXPECT_NEAR(psnr(clip, reference), expected[0], 1e-4);
  EXPECT_NEAR(ssim(clip, reference), expected[1], 1e-5);
  EXPECT_NEAR(flicker(clip, reference), expected[2], 1e-5);
  EXPECT_NEAR(psnr(blurred(reference), reference), expected[3], 1e-3);
  EXPECT_NEAR(psnr(held_still(reference), reference), expected[4], 1e-3);
}

TEST(ClipMetrics, IdenticalClips) {
  const at::Tensor clip = at::rand({3, 16, 16, 3});
  EXPECT_EQ(psnr(clip, clip), kMaxPsnr);
  EXPECT_NEAR(ssim(clip, clip), 1.0, 1e-9);
  EXPECT_EQ(flicker(clip, clip), 0.0);
  EXPECT_EQ(relative_l2(clip, clip), 0.0);
}

TEST(ClipMetrics, KnownValues) {
  const at::Tensor black = at::zeros({2, 16, 16, 3});
  EXPECT_NEAR(psnr(black + 0.1, black), 20.0, 1e-4);
  EXPECT_NEAR(relative_l2(at::full({4}, 3.0), at::full({4}, 2.0)), 0.5, 1e-12);
  EXPECT_EQ(flicker(at::rand({1, 16, 16, 3}), at::rand({1, 16, 16, 3})), 0.0);
}

}  // namespace
}  // namespace wean::verify
