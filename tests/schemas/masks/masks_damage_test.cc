// Promise P2: every single-bit flip, truncation and extension of a mask file is refused.
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/file.h"
#include "tests/schemas/masks/samples.h"

namespace wean {
namespace {

/// True when the reader refuses the bytes with an error of its own.
bool refused(std::span<const std::byte> bytes) {
  try {
    const MaskReader reader(bytes);
  } catch (const Error& error) {
    return error.code() == ErrorCode::kMalformed || error.code() == ErrorCode::kIntegrity;
  }
  return false;
}

std::vector<std::byte> golden() { return read_file(test::golden_path("v1.wean"), 1 << 20); }

class MasksDamageBit : public testing::TestWithParam<int> {};

TEST_P(MasksDamageBit, EveryFlipIsRefused) {
  std::vector<std::byte> bytes = golden();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte mask{static_cast<unsigned char>(1 << GetParam())};
    bytes[i] ^= mask;
    EXPECT_TRUE(refused(bytes)) << "byte " << i;
    bytes[i] ^= mask;
  }
  EXPECT_FALSE(refused(bytes));
}

INSTANTIATE_TEST_SUITE_P(AllBits, MasksDamageBit, testing::Range(0, 8));

TEST(MasksDamage, EveryTruncationIsRefused) {
  const std::vector<std::byte> bytes = golden();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(refused(std::span(bytes).first(size))) << "size " << size;
  }
}

TEST(MasksDamage, EveryExtensionIsRefused) {
  for (const std::byte fill : {std::byte{0}, std::byte{0xFF}}) {
    std::vector<std::byte> bytes = golden();
    for (int added = 1; added <= 4096; ++added) {
      bytes.push_back(fill);
      EXPECT_TRUE(refused(bytes)) << "added " << added;
    }
  }
}

}  // namespace
}  // namespace wean
