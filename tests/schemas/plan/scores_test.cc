// Ranking values by hand: which statistic, divided by what, and what breaks ties.
#include "schemas/plan/scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "schemas/plan/cut.h"

namespace wean {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BlockGeometry kRagged{6, 6, 4, 4};  // works 16, 8, 8, 4

TEST(Scores, MassIsDividedByWorkAndLargerFirst) {
  for (const auto score : {Score::kMass, Score::kMassPooled}) {
    const auto ranking = ranking_of(score, kRagged, std::vector<float>{16, 4, 24, 1}, {});
    EXPECT_THAT(ranking.score, ElementsAre(1, 0.5F, 3, 0.25F));
    EXPECT_THAT(ranking.tie, IsEmpty());
    EXPECT_FALSE(ranking.smaller_first);
  }
}

TEST(Scores, ThresholdsStayAsTheyAreAndTieByMass) {
  for (const auto score : {Score::kThresholdRow, Score::kThresholdMap}) {
    const auto ranking =
        ranking_of(score, kRagged, std::vector<float>{0.5F, 0.5F, 0.25F, 1}, std::vector<float>{16, 16, 1, 1});
    EXPECT_THAT(ranking.score, ElementsAre(0.5F, 0.5F, 0.25F, 1));
    EXPECT_THAT(ranking.tie, ElementsAre(1, 2, 0.125F, 0.25F));
    const CutRules rules{kRagged, CutScope::kMap, ranking.smaller_first, 0.0, false};
    EXPECT_THAT(cut_order(rules, ranking.score, ranking.tie).pairs, ElementsAre(2, 1, 0, 3));
  }
}

TEST(Scores, RemovalErrorIsDividedByWorkAndTiesByMass) {
  const auto ranking =
      ranking_of(Score::kRemovalError, kRagged, std::vector<float>{16, 8, 8, 4}, std::vector<float>{1, 2, 1, 1});
  EXPECT_THAT(ranking.score, ElementsAre(1, 1, 1, 1));
  const CutRules rules{kRagged, CutScope::kRow, ranking.smaller_first, 0.0, false};
  EXPECT_THAT(cut_order(rules, ranking.score, ranking.tie).pairs, ElementsAre(1, 3, 2, 0));
}

TEST(Scores, PoolWeighsPhasesByTheirSteps) {
  MassPool pool;
  pool.add(std::vector<float>{1, 0}, 3);
  pool.add(std::vector<float>{0, 4}, 1);
  EXPECT_THAT(pool.mean(), ElementsAre(0.75F, 1));
  EXPECT_THROW(pool.add(std::vector<float>{1}, 1), Error);
}

TEST(Scores, RefusesWrongSizesAndUnknownScores) {
  EXPECT_THROW((void)ranking_of(Score::kMass, kRagged, std::vector<float>{1, 2}, {}), Error);
  EXPECT_THROW((void)ranking_of(Score::kThresholdRow, kRagged, std::vector<float>{1, 2, 3, 4}, {}), Error);
  EXPECT_THROW((void)ranking_of(static_cast<Score>(9), kRagged, std::vector<float>{1, 2, 3, 4}, {}), Error);
}

}  // namespace
}  // namespace wean
