#include "common/cli/table.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace wean::cli {
namespace {

TEST(Table, AlignsNamesLeftAndNumbersRight) {
  EXPECT_EQ(render_table({"method", "g", "PSNR dB"}, {{"uniform", "0.4500", "31.2"}, {"west-fast row", "0.45", "9"}}),
            "method              g  PSNR dB\n"
            "-------------  ------  -------\n"
            "uniform        0.4500     31.2\n"
            "west-fast row    0.45        9\n");
}

TEST(Table, CountsCodePointsAndTrimsLineEnds) {
  EXPECT_EQ(render_table({"σ"}, {{"½ x"}, {""}}),
            "σ\n"
            "---\n"
            "½ x\n"
            "\n");
}

TEST(Table, RowsOfAnotherWidthAreRefused) {
  EXPECT_ERROR(render_table({"a", "b"}, {{"only one"}}), ErrorCode::kSelfCheck, "1 cells under 2");
}

}  // namespace
}  // namespace wean::cli
