// Results of an attention kernel against the definition.
#pragma once
#include "tests/kernels/attention_cases.h"

namespace wean::test {

/// What a kernel is allowed: absolute and relative for each element of o, relative L2 over all of them, absolute and
/// relative for each log-sum-exp.
struct Tolerance {
  double absolute, relative, l2, log_sum_exp;
};
/// Of kernels that keep the weights in float32, and of those that round them to the type of v for the tensor cores.
[[nodiscard]] Tolerance float_weights(const AttentionCase& attention);
[[nodiscard]] Tolerance rounded_weights(const AttentionCase& attention);

/// Adds test failures unless data.o and data.lse are `expected`: positions of NaN and infinity first, then each
/// element, then the relative L2 distance.
void compare(const AttentionCase& attention, const AttentionData& data, const ReferenceOutput& expected,
             const Tolerance& tolerance);

/// The same for numbers one by one.
class Comparison {
 public:
  Comparison(double absolute, double relative) : absolute_(absolute), relative_(relative) {}
  void add(double actual, double expected, std::int64_t index);
  [[nodiscard]] double relative_l2() const;

 private:
  void expect(bool ok, double actual, double expected, std::int64_t index);
  double absolute_, relative_;
  double error_ = 0, norm_ = 0;
  int failures_ = 0;
};

}  // namespace wean::test
