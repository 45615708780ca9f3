#include "extract/row_sample.h"

#include <gtest/gtest.h>

#include <set>

namespace wean::extract {
namespace {

TEST(SampleRows, TakesOneRowOfEveryStratum) {
  const std::vector<std::uint32_t> rows = sample_rows(1296, 16, 42, 3);
  ASSERT_EQ(rows.size(), 16u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_GE(rows[i], i * 81);
    EXPECT_LT(rows[i], (i + 1) * 81);
  }
}

TEST(SampleRows, DependsOnSeedAndStep) {
  std::set<std::vector<std::uint32_t>> distinct;
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    for (const std::uint32_t step : {0u, 1u, 2u}) distinct.insert(sample_rows(75600, 16, seed, step));
  }
  EXPECT_EQ(distinct.size(), 9u);
  EXPECT_EQ(sample_rows(75600, 16, 5, 6), sample_rows(75600, 16, 5, 6));
}

TEST(SampleRows, ShortSequencesGiveEveryToken) {
  EXPECT_EQ(sample_rows(3, 16, 1, 1), (std::vector<std::uint32_t>{0, 1, 2}));
}

}  // namespace
}  // namespace wean::extract
