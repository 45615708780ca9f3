#include "extract/manifest.h"

#include <gtest/gtest.h>

#include "common/base/manifest.h"

namespace wean::extract {
namespace {

ProfileMeta meta() {
  ProfileMeta m;
  m.tool_version = "1";
  m.recipe.shift = 3;
  m.phases = {{1, 0, 20}};
  m.branches = {Branch::kConditional};
  m.sigmas = {1.0, 0.1};
  return m;
}

TEST(RunManifest, EqualRunsHaveNoDifference) {
  EXPECT_EQ(describe_difference(run_manifest(meta()), run_manifest(meta())), "");
}

TEST(RunManifest, NamesTheFieldThatDiffers) {
  ProfileMeta other = meta();
  other.recipe.shift = 3.0000000000000004;
  EXPECT_EQ(describe_difference(run_manifest(meta()), run_manifest(other)),
            "'shift: 3' against 'shift: 3.0000000000000004'");
}

}  // namespace
}  // namespace wean::extract
