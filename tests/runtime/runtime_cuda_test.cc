// libwean on a GPU. What needs none is tested everywhere: bytes, refusals, and what a machine without a GPU is told.
#include <gtest/gtest.h>

#include <cmath>

#include "common/base/file.h"
#include "tests/runtime/device_content.h"
#include "tests/support/temp_dir.h"
#include "wean/wean.hpp"
#ifdef WEAN_TEST_CUDA
#include "tests/kernels/cuda_run.h"
#endif

namespace wean {
namespace {

/// A mask file in a folder of its own.
struct File {
  testing::TempDir folder;
  std::string path;
  explicit File(const test::Content& content) : path((folder.path() / "masks.wean").string()) {
    publish_bytes(path, test::encode(content), Overwrite::kRefuse);
  }
};

std::string refusal(const auto& call) {
  try {
    call();
    return "0 accepted";
  } catch (const StatusError& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
}

TEST(RuntimeCuda, OtherBlocksAreRefusedByName) {
  const Masks golden(test::golden_path("v1.wean").string());
  const std::string expected =
      "2 the mask file has blocks of 16x16; the GPU kernels need 128x128 or 128x64: make the file from the same plan "
      "with "
      "wean-pack --block 128x128";
  EXPECT_EQ(refusal([&] { (void)DeviceMasks::bytes(golden); }), expected);
  EXPECT_EQ(refusal([&] { DeviceMasks{golden}; }), expected);
  const File file(test::device_content(64, 64));
  EXPECT_NE(refusal([&] { DeviceMasks{Masks(file.path)}; }).find("blocks of 64x64"), std::string::npos);
}

TEST(RuntimeCuda, PhasesAreChecked) {
  const File file(test::device_content(128, 128));
  const Masks masks(file.path);
  EXPECT_EQ(refusal([&] { DeviceMasks(masks, {2, 0, -1}); }), "2 wean_upload_params.first_phase 2; allowed are 0 to 1");
  EXPECT_EQ(refusal([&] {
              DeviceMasks(masks, {1, 2, -1});
            }),
            "2 wean_upload_params.phases 2; allowed are 1 to 1, and 0 for all");
  EXPECT_EQ(refusal([&] {
              DeviceMasks(masks, {0, 0, -2});
            }),
            "2 wean_upload_params.device -2; allowed are 0 and above, and -1 for the current one");
}

TEST(RuntimeCuda, TheBuildSaysWhatItHas) {
  const File file(test::device_content(128, 64));
  const std::string text = refusal([&] { (void)DeviceMasks::bytes(Masks(file.path)); });
  EXPECT_EQ(text.substr(0, 2), wean_has_cuda() == 1 ? "0 " : "9 ") << text;
}

TEST(RuntimeCuda, NullArguments) {
  const File file(test::device_content(128, 128));
  const Masks masks(file.path);
  std::uint64_t bytes = 0;
  wean_device_masks* opened = nullptr;
  const wean_site site = {};
  wean_device_masks_close(nullptr);
  wean_device_masks_release(nullptr, nullptr);
  wean_upload_params_init(nullptr);
  wean_device_site_init(nullptr);
  EXPECT_EQ(wean_device_masks_bytes(nullptr, nullptr, &bytes), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_device_masks_bytes(masks.handle(), nullptr, nullptr), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_device_masks_open(nullptr, nullptr, &opened), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_device_masks_open(masks.handle(), nullptr, nullptr), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_attention_cuda_bytes(nullptr, nullptr, &bytes), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_attention_cuda(nullptr, &site, nullptr, nullptr, 0, nullptr), WEAN_ERROR_USAGE);
  EXPECT_EQ(wean_attention_cuda_indexed(nullptr, nullptr, nullptr, nullptr, 0, nullptr), WEAN_ERROR_USAGE);
  EXPECT_EQ(opened, nullptr);
}

// 300 tokens: 3x3 blocks of 128x128, one word a row; each mask 3 heads x 3 rows, and a plan. Both phases have one
// different section each, and there is one that keeps nothing.
TEST(RuntimeCuda, BytesCountDifferentSectionsOnce) {
  if (wean_has_cuda() == 0) GTEST_SKIP() << "built without CUDA";
  const File file(test::device_content(128, 128));
  const Masks masks(file.path);
  const std::uint64_t all = DeviceMasks::bytes(masks), first = DeviceMasks::bytes(masks, {0, 1, -1}),
                      second = DeviceMasks::bytes(masks, {1, 1, -1});
  EXPECT_GE(first, 2 * 3 * 3 * 4U);
  // Phase 0: branches equal, layers differ: 2. Phase 1: all four differ. One more each; and 4 bytes a site.
  const std::uint64_t section = (all - 8 * 4U) / 7;
  EXPECT_EQ(section % 256, 0U);
  EXPECT_EQ(all, 7 * section + 8 * 4U);
  EXPECT_EQ(first, 3 * section + 4 * 4U);
  EXPECT_EQ(second, 5 * section + 4 * 4U);
}

TEST(RuntimeCuda, WithoutAGpuTheErrorSaysSo) {
#ifdef WEAN_TEST_CUDA
  if (test::has_cuda_device()) GTEST_SKIP() << "this machine has a GPU";
#endif
  const File file(test::device_content(128, 128));
  const Masks masks(file.path);
  const std::string text = refusal([&] { DeviceMasks{masks}; });
  EXPECT_EQ(text.substr(0, 2), "9 ") << text;
  EXPECT_GT(text.size(), 20U) << text;
}

}  // namespace
}  // namespace wean
