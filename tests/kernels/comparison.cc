#include "tests/kernels/comparison.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wean::test {

Tolerance float_weights(const AttentionCase& attention) {
  if (attention.type == ValueType::kFloat32) {
    return {attention.tolerance, attention.tolerance, attention.tolerance, attention.tolerance};
  }
  return {1e-4, 0x1p-8, 3e-3, attention.tolerance};
}

Tolerance rounded_weights(const AttentionCase& attention) {
  const bool bfloat16 = attention.type == ValueType::kBfloat16;
  return {bfloat16 ? 6e-3 : 1e-3, bfloat16 ? 0x1p-7 : 0x1p-10, bfloat16 ? 5e-3 : 8e-4, 2e-4};
}

void Comparison::add(double actual, double expected, std::int64_t index) {
  if (std::isnan(expected) || std::isinf(expected)) {
    const bool same = std::isnan(expected) ? std::isnan(actual) : actual == expected;
    expect(same, actual, expected, index);
    return;
  }
  const double difference = actual - expected;
  expect(std::abs(difference) <= absolute_ + relative_ * std::abs(expected), actual, expected, index);
  error_ += difference * difference;
  norm_ += expected * expected;
}

double Comparison::relative_l2() const { return norm_ == 0 ? std::sqrt(error_) : std::sqrt(error_ / norm_); }

/// A NaN in `actual` makes `ok` false; only the first positions are printed.
void Comparison::expect(bool ok, double actual, double expected, std::int64_t index) {
  if (!ok && ++failures_ <= 5) ADD_FAILURE() << "element " << index << ": " << actual << ", expected " << expected;
}

void compare(const AttentionCase& attention, const AttentionData& data, const ReferenceOutput& expected,
             const Tolerance& tolerance) {
  Comparison o(tolerance.absolute, tolerance.relative);
  std::int64_t index = 0;
  for (std::int64_t b = 0; b < attention.batch; ++b) {
    for (std::int64_t t = 0; t < attention.geometry.q_tokens; ++t) {
      for (std::int64_t h = 0; h < attention.heads; ++h) {
        for (std::int64_t d = 0; d < attention.head_dim; ++d, ++index) {
          o.add(data.o.at(b, t, h, d), expected.o[static_cast<std::size_t>(index)], index);
        }
      }
    }
  }
  EXPECT_LE(o.relative_l2(), tolerance.l2);
  Comparison lse(tolerance.log_sum_exp, tolerance.log_sum_exp);
  for (std::size_t i = 0; i < data.lse.size(); ++i) {
    lse.add(static_cast<double>(data.lse[i]), expected.lse[i], static_cast<std::int64_t>(i));
  }
}

}  // namespace wean::test
