// Sums over a phase's steps: means reach the shard, NaN and Inf never do.
#include "extract/accumulator.h"

#include <ATen/ATen.h>

#include <limits>
#include <vector>

#include "tests/extract/shards.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace wean::extract {
namespace {

using ::wean::testing::TempDir;

constexpr std::uint32_t kTokens[] = {1, 11, 21, 31};

/// Statistics of shards.h's run with `value` in every place; rows are uniform.
BlockStatistics statistics(double value) {
  return {at::full({2, 3, 3}, value, at::kDouble), at::full({2, 3, 3}, value, at::kDouble),
          at::full({2, 3, 2}, value, at::kDouble)};
}

SampledRows rows(std::uint32_t step) { return {step, kTokens, at::full({2, 4, 3}, 1.0f / 3)}; }

/// Writes phase 0 of layer 0 from the statistics of two steps.
void flush_two(const BlockStatistics& first, const BlockStatistics& second) {
  const TempDir dir;
  ProfileMeta meta = ::wean::test::run_meta();
  meta.prompts = {sha256("p")};
  ShardWriter shard(dir / "s.h5", meta, false);
  PhaseAccumulator sums;
  const SlabKey key{0, Branch::kConditional, 0, 1};
  sums.add(key, first, rows(0));
  sums.add(key, second, rows(1));
  sums.flush(shard);
}

TEST(PhaseAccumulator, NotFiniteStatisticsAreRefusedByPlace) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();
  for (const double bad : {kNan, kInf, -kInf}) {
    const auto refused = [&](at::Tensor BlockStatistics::*part, const char* name) {
      BlockStatistics second = statistics(1);
      (second.*part)[1][2][0] = bad;
      EXPECT_ERROR(flush_two(statistics(1), second), ErrorCode::kNotFinite,
                   std::string("statistic '") + name + "' of phase 0, conditional branch, layer 1 is not finite");
    };
    refused(&BlockStatistics::mass, "mass");
    refused(&BlockStatistics::error, "error");
    refused(&BlockStatistics::error_wide, "error_wide");
  }
}

}  // namespace
}  // namespace wean::extract
