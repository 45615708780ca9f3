// The search for NaN and Inf, against std::isfinite on every 16-bit pattern and on chosen places.
#include "models/files/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace wean::models {
namespace {

template <typename T>
std::span<const std::byte> bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

TEST(FirstNotFinite, AgreesWithTheBf16ValueOfEveryPattern) {
  for (std::uint32_t pattern = 0; pattern < 65536; ++pattern) {
    const std::vector<std::uint16_t> one{static_cast<std::uint16_t>(pattern)};
    const float value = std::bit_cast<float>(pattern << 16U);
    ASSERT_EQ(first_not_finite(DType::kBF16, bytes(one)).has_value(), !std::isfinite(value)) << pattern;
  }
}

TEST(FirstNotFinite, F16ExponentOf31IsNotFinite) {
  EXPECT_FALSE(first_not_finite(DType::kF16, bytes(std::vector<std::uint16_t>{0x7BFF, 0xFBFF, 0x0001})));
  EXPECT_EQ(first_not_finite(DType::kF16, bytes(std::vector<std::uint16_t>{0, 0x7C00})), 1U);
  EXPECT_EQ(first_not_finite(DType::kF16, bytes(std::vector<std::uint16_t>{0, 0, 0xFC01})), 2U);
}

TEST(FirstNotFinite, FindsTheFirstOfSeveralAnywhere) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, std::size_t{9999}}) {
    std::vector<float> values(10'000, std::numeric_limits<float>::max());
    EXPECT_FALSE(first_not_finite(DType::kF32, bytes(values)));
    values[at] = -std::numeric_limits<float>::infinity();
    values.back() = std::nanf("");
    EXPECT_EQ(first_not_finite(DType::kF32, bytes(values)), at);
  }
}

TEST(FirstNotFinite, NeedsNoAlignment) {
  std::vector<std::byte> raw(9);
  const float bad = std::nanf("");
  std::memcpy(raw.data() + 5, &bad, 4);
  EXPECT_EQ(first_not_finite(DType::kF32, std::span(raw).subspan(1)), 1U);
}

TEST(DTypeNames, RoundTrip) {
  for (const char* name : {"F32", "BF16", "F16", "F64", "I64", "BOOL", "F8_E4M3", "F4"}) {
    EXPECT_STREQ(to_string(*dtype_from_name(name)), name);
  }
  EXPECT_FALSE(dtype_from_name("f32"));
  EXPECT_TRUE(is_weight_type(DType::kBF16));
  EXPECT_FALSE(is_weight_type(DType::kF64));
}

}  // namespace
}  // namespace wean::models
