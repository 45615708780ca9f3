// Tables of values by phase and layer, shares of mass, lists of fields, and the command line as a struct.
#include "inspect/diff/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspect/options.h"
#include "inspect/show/summary.h"
#include "tests/support/expect_error.h"

namespace wean::inspect {
namespace {

using ::testing::ElementsAre;

TEST(SiteTable, GathersByPhaseAndLayer) {
  SiteTable table(2, 3);
  for (const double value : {0.0, 0.05, 0.95, 1.0}) table.add(0, 2, value);
  table.add(1, 0, 0.3);
  const SiteTable::Stats first = table.of_phase(0);
  EXPECT_DOUBLE_EQ(first.mean, 0.5);
  EXPECT_EQ(std::tuple(first.least, first.most, first.sites, first.full), std::tuple(0.0, 1.0, 4U, 1U));
  EXPECT_DOUBLE_EQ(table.of_phase(1).least, 0.3);
  EXPECT_DOUBLE_EQ(table.mean(0, 2), 0.5);
  EXPECT_DOUBLE_EQ(table.mean(0, 0), 0);
  EXPECT_THAT(table.histogram(), ElementsAre(2, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1));
}

TEST(TopShare, RanksByMassPerTokenPair) {
  // Six tokens in blocks of four: work 16, 8, 8, 4. The last pair is densest, then the first.
  const BlockGeometry geometry = square_blocks(6, 4);
  const std::vector<float> mass = {3.2F, 0.8F, 0.4F, 1.6F};
  EXPECT_NEAR(top_share(geometry, mass, 0.25), 1.6 / 6, 1e-6);
  EXPECT_NEAR(top_share(geometry, mass, 0.5), 4.8 / 6, 1e-6);
  EXPECT_NEAR(top_share(geometry, mass, 1), 1, 1e-12);
  EXPECT_EQ(top_share(geometry, mass, 0), 0);
  EXPECT_EQ(top_share(geometry, std::vector<float>(4, 0), 0.5), 0);
}

TEST(DiffFields, NamesWhatDiffersAndWhatOneFileLacks) {
  const Fields a = {{"same", 1.5}, {"real", 0.1}, {"count", std::uint64_t{3}}, {"only a", true}};
  const Fields b = {{"only b", std::string("text")}, {"count", std::uint64_t{4}}, {"real", 0.1 + 1e-16}, {"same", 1.5}};
  const std::vector<FieldDifference> found = diff_fields(a, b);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(std::tuple(found[0].name, found[0].a, found[0].b), std::tuple("real", "0.1", "0.1000000000000001"));
  EXPECT_EQ(std::tuple(found[1].name, found[1].a, found[1].b), std::tuple("count", "3", "4"));
  EXPECT_EQ(std::tuple(found[2].name, found[2].a, found[2].b), std::tuple("only a", "yes", ""));
  EXPECT_EQ(std::tuple(found[3].name, found[3].a, found[3].b), std::tuple("only b", "", "text"));
  EXPECT_TRUE(diff_fields(a, a).empty());
}

TEST(CompareValues, CountsAndFindsTheLargest) {
  ValueDifference difference;
  const auto where = [](std::size_t i) { return "at " + std::to_string(i); };
  compare_values(std::vector<double>{1, 2, 3, 4}, std::vector<double>{1, 2.5, 1, 6}, where, difference);
  EXPECT_EQ(std::tuple(difference.count, *difference.largest, difference.where), std::tuple(3U, 2.0, "at 2"));
  compare_values(std::vector<double>{7}, std::vector<double>{8}, where, difference);
  EXPECT_EQ(std::tuple(difference.count, difference.where), std::tuple(4U, "at 2"));
}

TEST(Resolve, TakesTheFileFromWhereItStands) {
  InspectOptions options;
  EXPECT_ERROR(resolve(options), ErrorCode::kUsage, "which file?");
  options.shown = "masks.wean";
  EXPECT_EQ(resolve(options).file, "masks.wean");
  options.file = "plan.h5";
  EXPECT_ERROR(resolve(options), ErrorCode::kUsage, "masks.wean: files come behind the command");
  options.shown.clear();
  EXPECT_EQ(resolve(options).file, "plan.h5");
  options.montage = true;
  EXPECT_EQ(resolve(options).file, "plan.h5");
  options.head = 3;
  EXPECT_ERROR(resolve(options), ErrorCode::kUsage, "--head 3");
}

TEST(Requests, CarryEveryOption) {
  InspectOptions options;
  options.file = "masks.wean";
  options.output = "out";
  options.phase = 1;
  options.branch = Branch::kUnconditional;
  options.expert = 2;
  options.layer = 3;
  options.head = 4;
  options.side = 77;
  options.to = ExportForm::kFlex;
  options.common.force = true;
  const PlotRequest plot = plot_request(options);
  EXPECT_EQ(std::tuple(plot.key.phase, plot.key.branch, plot.key.expert, plot.key.layer, plot.head, plot.side),
            std::tuple(1U, Branch::kUnconditional, 2U, 3U, 4U, std::optional(77)));
  EXPECT_FALSE(plot.profile || plot.montage);
  options.profile = "profile.h5";
  EXPECT_EQ(plot_request(options).profile, "profile.h5");
  const ExportRequest exported = export_request(options);
  EXPECT_EQ(std::tuple(exported.file, exported.folder, exported.form, exported.overwrite, exported.dry_run),
            std::tuple("masks.wean", "out", ExportForm::kFlex, true, false));
}

}  // namespace
}  // namespace wean::inspect
