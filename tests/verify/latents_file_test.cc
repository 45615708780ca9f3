#include "verify/latents_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/error.h"

namespace wean::verify {
namespace {

class LatentsFile : public testing::Test {
 protected:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("wean-latents-" + std::to_string(::getpid()) + ".safetensors");
  ~LatentsFile() override { std::filesystem::remove(path_); }
};

TEST_F(LatentsFile, RoundTripsByClipNumber) {
  const at::Tensor a = at::randn({16, 2, 3, 4});
  const at::Tensor b = at::randn({16, 2, 3, 4});
  write_latents(path_, {{"initial.0", a}, {"initial.1", b}}, Overwrite::kRefuse);
  EXPECT_TRUE(at::equal(read_initial_latents(path_, 1, {16, 2, 3, 4}), b));
  EXPECT_THROW((void)read_initial_latents(path_, 2, {16, 2, 3, 4}), Error);
  EXPECT_THROW(write_latents(path_, {{"initial.0", a}}, Overwrite::kRefuse), Error);
}

TEST_F(LatentsFile, OneTensorForAllClipsMayHaveABatchDimension) {
  const at::Tensor a = at::randn({1, 16, 2, 3, 4});
  write_latents(path_, {{"latents", a}}, Overwrite::kRefuse);
  EXPECT_TRUE(at::equal(read_initial_latents(path_, 7, {16, 2, 3, 4}), a[0]));
}

TEST_F(LatentsFile, WrongShapeNamesFileAndShapes) {
  write_latents(path_, {{"latents", at::zeros({16, 2, 3, 5})}}, Overwrite::kRefuse);
  try {
    (void)read_initial_latents(path_, 0, {16, 2, 3, 4});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMalformed);
    EXPECT_NE(std::string(error.what()).find("[16, 2, 3, 5]"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace wean::verify
