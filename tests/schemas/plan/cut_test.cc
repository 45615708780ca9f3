// The cut against hand-made examples and against a slow greedy written from the words of schemas/plan.md.
#include "schemas/plan/cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "common/base/error.h"

namespace wean {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> random_map(std::int64_t pairs, unsigned seed, int levels) {
  std::mt19937 engine(seed);
  std::vector<float> map(static_cast<std::size_t>(pairs));
  for (auto& value : map) value = static_cast<float>(engine() % static_cast<unsigned>(levels)) / 8.0F;
  return map;
}

bool share_a_token(const BlockGeometry& g, std::int64_t u, std::int64_t v) {
  std::set<std::int64_t> tokens;
  for (std::int64_t i = 0; i < g.row_size(u); ++i) tokens.insert(u * g.q_block + i);
  for (std::int64_t i = 0; i < g.col_size(v); ++i)
    if (tokens.count(v * g.k_block + i) != 0) return true;
  return false;
}

/// Is pair a ranked before pair b by score, tie and index?
struct Before {
  const CutRules& rules;
  const std::vector<float>&score, &tie;
  bool operator()(std::size_t a, std::size_t b) const {
    if (score[a] != score[b]) return rules.smaller_first ? score[a] < score[b] : score[a] > score[b];
    if (tie[a] != tie[b]) return tie[a] > tie[b];
    return a < b;
  }
};

/// Greedy by definition: forced pairs, then one pair after the other while that brings the work nearer.
std::vector<std::uint8_t> slow_cut(const CutRules& rules, double keep, const std::vector<float>& score,
                                   const std::vector<float>& tie) {
  const auto& g = rules.geometry;
  const auto rows = static_cast<std::size_t>(g.rows());
  const auto cols = static_cast<std::size_t>(g.cols());
  const Before before{rules, score, tie};
  std::vector<std::uint8_t> kept(rows * cols, 0);
  std::vector<std::size_t> kept_in_row(rows, 0);
  double work = 0;
  const auto work_of = [&](std::size_t pair) {
    return static_cast<double>(g.work(static_cast<std::int64_t>(pair / cols), static_cast<std::int64_t>(pair % cols)));
  };
  const auto add = [&](std::size_t pair) {
    kept[pair] = 1;
    ++kept_in_row[pair / cols];
    work += work_of(pair);
  };
  const auto best = [&](auto eligible) {
    std::size_t found = kept.size();
    for (std::size_t pair = 0; pair < kept.size(); ++pair)
      if (kept[pair] == 0 && eligible(pair) && (found == kept.size() || before(pair, found))) found = pair;
    return found;
  };
  if (rules.keep_diagonal)
    for (std::size_t pair = 0; pair < kept.size(); ++pair)
      if (share_a_token(g, static_cast<std::int64_t>(pair / cols), static_cast<std::int64_t>(pair % cols))) add(pair);
  const auto least = std::max(1.0, std::ceil(rules.row_floor * static_cast<double>(cols) - 1e-9));
  for (std::size_t u = 0; u < rows; ++u)
    while (static_cast<double>(kept_in_row[u]) < least) add(best([&](std::size_t pair) { return pair / cols == u; }));
  const double wanted = keep * static_cast<double>(g.total_work());
  for (;;) {
    // Row scope: rows with the fewest pairs beyond what others have come first, so that all rows grow together.
    const auto fewest = *std::min_element(kept_in_row.begin(), kept_in_row.end());
    const auto next =
        best([&](std::size_t pair) { return rules.scope == CutScope::kMap || kept_in_row[pair / cols] == fewest; });
    if (next == kept.size() || work + work_of(next) - wanted > wanted - work) return kept;
    add(next);
  }
}

struct Case {
  BlockGeometry geometry;
  CutScope scope;
  bool smaller_first;
  double row_floor;
  bool keep_diagonal;
};

class CutCases : public testing::TestWithParam<Case> {
 protected:
  CutRules rules() const {
    const auto& c = GetParam();
    return {c.geometry, c.scope, c.smaller_first, c.row_floor, c.keep_diagonal};
  }
};

TEST_P(CutCases, EqualsTheSlowGreedy) {
  const auto r = rules();
  for (unsigned seed = 0; seed < 4; ++seed) {
    const auto score = random_map(r.geometry.pairs(), seed, 20);  // few levels: many ties
    const auto tie = random_map(r.geometry.pairs(), seed + 100, 5);
    for (const double keep : {0.01, 0.2, 0.45, 0.8, 1.0})
      ASSERT_EQ(cut(r, keep, score, tie), slow_cut(r, keep, score, tie)) << "seed " << seed << " keep " << keep;
  }
}

TEST_P(CutCases, LargerSharesAreSupersetsAndHitTheShare) {
  const auto r = rules();
  const auto score = random_map(r.geometry.pairs(), 7, 1 << 20);
  const auto order = cut_order(r, score, {});
  const double forced = cut_density(r.geometry, order, order.forced);
  const double half_pair =
      0.5 * static_cast<double>(r.geometry.q_block * r.geometry.k_block) / static_cast<double>(r.geometry.total_work());
  std::vector<double> keeps;
  for (int i = 1; i <= 100; ++i) keeps.push_back(i / 100.0);
  const auto lengths = cut_lengths(r.geometry, order, keeps);
  std::size_t last = 0;
  for (std::size_t i = 0; i < keeps.size(); ++i) {
    const double keep = keeps[i];
    const auto length = cut_length(r.geometry, order, keep);
    EXPECT_GE(length, last);
    EXPECT_EQ(length, lengths[i]);
    last = length;
    const double density = cut_density(r.geometry, order, length);
    EXPECT_NEAR(density, std::max(keep, forced), half_pair + 1e-12);
    EXPECT_EQ(cut_length(r.geometry, order, density), length) << "a realised share must reproduce its cut";
  }
  EXPECT_EQ(last, order.pairs.size());
}

constexpr BlockGeometry kWhole{64, 64, 8, 8}, kRagged{77, 77, 8, 8}, kWide{77, 77, 16, 8}, kTall{100, 100, 8, 16};
INSTANTIATE_TEST_SUITE_P(
    Geometries, CutCases,
    testing::Values(Case{kWhole, CutScope::kMap, false, 0.0, false}, Case{kWhole, CutScope::kRow, false, 0.0, false},
                    Case{kRagged, CutScope::kMap, true, 0.1, true}, Case{kRagged, CutScope::kRow, true, 0.0, true},
                    Case{kWide, CutScope::kMap, false, 0.3, true}, Case{kWide, CutScope::kRow, false, 0.3, true},
                    Case{kTall, CutScope::kMap, false, 0.0, true}, Case{kTall, CutScope::kRow, true, 0.25, false}));

TEST(Cut, RowScopeGrowsAllRowsTogetherByHand) {
  // 2 x 3 pairs of equal work. Ranks: row 0 is 9 > 8 > 1, row 1 is 3 > 2 > 0.
  const CutRules rules{{8, 12, 4, 4}, CutScope::kRow, false, 0.0, false};
  const std::vector<float> score{8, 9, 1, 0, 3, 2};
  EXPECT_THAT(cut(rules, 2.0 / 6, score, {}), ElementsAre(0, 1, 0, 0, 1, 0));
  EXPECT_THAT(cut(rules, 3.0 / 6, score, {}), ElementsAre(1, 1, 0, 0, 1, 0));
  EXPECT_THAT(cut(rules, 4.0 / 6, score, {}), ElementsAre(1, 1, 0, 0, 1, 1));
}

TEST(Cut, MapScopeKeepsOnePairARowByHand) {
  const CutRules rules{{8, 12, 4, 4}, CutScope::kMap, false, 0.0, false};
  const std::vector<float> score{8, 9, 7, 0, 3, 2};
  EXPECT_THAT(cut(rules, 0.5, score, {}), ElementsAre(1, 1, 0, 0, 1, 0));
  EXPECT_THAT(cut(rules, 0.01, score, {}), ElementsAre(0, 1, 0, 0, 1, 0));
}

TEST(Cut, RaggedWorkIsCountedByHand) {
  // Columns of 4, 4 and 1 tokens: the pairs of the last column cost a quarter.
  const CutRules rules{{4, 9, 4, 4}, CutScope::kMap, false, 0.0, false};
  const std::vector<float> score{3, 1, 2};
  EXPECT_THAT(cut(rules, 5.0 / 9, score, {}), ElementsAre(1, 0, 1));
  const auto order = cut_order(rules, score, {});
  EXPECT_DOUBLE_EQ(cut_density(rules.geometry, order, 2), 5.0 / 9);
}

TEST(Cut, RankingValuesAreMeansOverTheBlocksEntries) {
  const BlockGeometry g{6, 6, 4, 4};
  EXPECT_THAT(ranking_values(g, std::vector<float>{16, 8, 8, 4}), ElementsAre(1, 1, 1, 1));
}

TEST(Cut, NegativeZeroTiesWithZero) {
  const CutRules rules{{4, 8, 4, 4}, CutScope::kMap, false, 0.0, false};
  EXPECT_THAT(cut_order(rules, std::vector<float>{-0.0F, 0.0F}, {}).pairs, ElementsAre(0, 1));
}

TEST(Cut, RefusesMorePairsThanAnIndexHolds) {
  try {
    (void)cut_order({{1 << 16, 1 << 16, 1, 1}, CutScope::kMap, false, 0, false}, {}, {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("cut: 4294967296 pairs; at most 2^32 - 1 are allowed"));
  }
}

TEST(Cut, RefusesBadInput) {
  const CutRules rules{{8, 8, 4, 4}, CutScope::kMap, false, 0.0, false};
  const auto code_of = [](const CutRules& r, const std::vector<float>& score, const std::vector<float>& tie) {
    try {
      (void)cut(r, 0.5, score, tie);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode{};
  };
  EXPECT_EQ(code_of(rules, {1, 2, 3}, {}), ErrorCode::kUsage);
  EXPECT_EQ(code_of(rules, {1, 2, 3, 4}, {1}), ErrorCode::kUsage);
  EXPECT_EQ(code_of(rules, {1, 2, 3, std::numeric_limits<float>::quiet_NaN()}, {}), ErrorCode::kNotFinite);
  EXPECT_EQ(code_of(rules, {1, 2, 3, 4}, {1, 2, std::numeric_limits<float>::infinity(), 4}), ErrorCode::kNotFinite);
  auto bad = rules;
  bad.row_floor = 1.5;
  EXPECT_EQ(code_of(bad, {1, 2, 3, 4}, {}), ErrorCode::kUsage);
}

}  // namespace
}  // namespace wean
