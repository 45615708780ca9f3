// Curves by hand, and against masking every sampled row from scratch.
#include "calibrate/curve.h"

#include <gtest/gtest.h>

#include "calibrate/fidelity.h"
#include "tests/calibrate/memory_profile.h"
#include "tests/support/expect_error.h"

namespace wean::calibrate {
namespace {

TEST(Curve, TwoByTwoByHand) {
  RowSample rows{1, 2, {0}, {1, 6}, {0.75F, 0.25F, 0.5F, 0.5F}};
  const std::vector<float> error{8, 2, 1, 4};
  const HeadEvidence evidence{{8, 8, 4, 4}, &rows, 0, 1, error, 2};
  const CutOrder order{{0, 3, 1, 2}, 2};
  const std::vector<double> keeps{0.5, 0.75, 1.0};
  const auto curve = trace_curve(evidence, order, keeps);
  ASSERT_EQ(curve.size(), 3U);
  EXPECT_DOUBLE_EQ(curve[0].keep, 0.5);
  EXPECT_DOUBLE_EQ(curve[0].kept_mass, (0.75 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(curve[0].fidelity, (fidelity_of_dropped(0.25) + fidelity_of_dropped(0.5)) / 2);
  EXPECT_DOUBLE_EQ(curve[0].error, (2.0 + 1.0) / 2 / 8);
  EXPECT_DOUBLE_EQ(curve[1].kept_mass, (1.0 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(curve[1].error, 1.0 / 2 / 8);
  EXPECT_EQ(curve[2], CurvePoint{});
}

TEST(Curve, RefusesRowsWithoutMass) {
  RowSample rows{1, 1, {0}, {1}, {0, 0}};
  const std::vector<float> error(4, 1.0F);
  const HeadEvidence evidence{{8, 8, 4, 4}, &rows, 0, 1, error, 1};
  EXPECT_ERROR(trace_curve(evidence, {{0, 1, 2, 3}, 0}, std::vector<double>{1.0}), ErrorCode::kMalformed, "no mass");
}

/// Means over all sampled rows of one head under a mask, without any running sums.
CurvePoint measure(const MemoryProfile& profile, const SlabKey& key, std::uint32_t head,
                   const std::vector<std::uint8_t>& kept) {
  const auto g = profile.meta().geometry();
  const auto rows = profile.rows(key);
  const auto cols = static_cast<std::size_t>(g.cols());
  CurvePoint point{0, 0, 0, 0};
  for (std::size_t i = 0; i < rows.token.size(); ++i) {
    const std::size_t base = ((i / rows.rows * profile.meta().model.heads + head) * rows.rows + i % rows.rows) * cols;
    const std::size_t u = rows.token[i] / static_cast<std::size_t>(g.q_block);
    double all = 0, dropped = 0;
    for (std::size_t v = 0; v < cols; ++v) {
      all += static_cast<double>(rows.mass[base + v]);
      if (kept[u * cols + v] == 0) dropped += static_cast<double>(rows.mass[base + v]);
    }
    point.fidelity += fidelity_of_dropped(dropped / all) / static_cast<double>(rows.token.size());
    point.kept_mass += (1 - dropped / all) / static_cast<double>(rows.token.size());
  }
  for (std::size_t pair = 0; pair < kept.size(); ++pair)
    if (kept[pair] != 0)
      point.keep +=
          static_cast<double>(g.work(static_cast<std::int64_t>(pair / cols), static_cast<std::int64_t>(pair % cols)));
  point.keep /= static_cast<double>(g.total_work());
  return point;
}

TEST(Curve, EqualsMaskingFromScratchOnRaggedBlocksAndNeverTurns) {
  const MemoryProfile profile({.layers = 1, .heads = 3, .grid = {3, 5, 7}, .block = 16, .phases = 2, .steps = 5});
  const auto g = profile.meta().geometry();
  const auto pairs = static_cast<std::size_t>(g.pairs());
  const SlabKey key{1, Branch::kConditional, 0, 0};
  const auto mass = profile.mass(key), error = profile.removal_error(key);
  const auto rows = profile.rows(key);
  std::vector<double> keeps;
  for (int i = 1; i <= 20; ++i) keeps.push_back(i / 20.0);
  for (std::uint32_t head = 0; head < 3; ++head) {
    const CutRules rules{g, CutScope::kMap, false, 0.0, true};
    const auto score = std::span(mass).subspan(head * pairs, pairs);
    const HeadEvidence evidence{g, &rows, head, 3, std::span(error).subspan(head * pairs, pairs), 3};
    const auto curve = trace_curve(evidence, cut_order(rules, score, {}), keeps);
    for (std::size_t k = 0; k < keeps.size(); ++k) {
      const auto slow = measure(profile, key, head, cut(rules, keeps[k], score, {}));
      EXPECT_NEAR(curve[k].keep, slow.keep, 1e-12);
      EXPECT_NEAR(curve[k].fidelity, slow.fidelity, 1e-9);
      EXPECT_NEAR(curve[k].kept_mass, slow.kept_mass, 1e-12);
      const auto& before = curve[k > 0 ? k - 1 : 0];
      EXPECT_GE(curve[k].fidelity, before.fidelity);
      EXPECT_LE(curve[k].error, before.error);
    }
  }
}

}  // namespace
}  // namespace wean::calibrate
