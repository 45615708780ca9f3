#include <gtest/gtest.h>

#include "common/base/error.h"
#include "extract/extract.h"

namespace wean::extract {
namespace {

struct BadOption {
  const char* message;
  void (*spoil)(ExtractOptions&);
};

class ExtractValidate : public testing::TestWithParam<BadOption> {};

TEST_P(ExtractValidate, RefusesNamingTheOption) {
  ExtractOptions options;
  EXPECT_NO_THROW(validate(options));
  GetParam().spoil(options);
  try {
    validate(options);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_NE(std::string(error.what()).find(GetParam().message), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Options, ExtractValidate,
                         testing::Values(BadOption{"--size", [](ExtractOptions& o) { o.size.width = 0; }},
                                         BadOption{"--size/--frames", [](ExtractOptions& o) { o.size.frames = -1; }},
                                         BadOption{"--steps 0", [](ExtractOptions& o) { o.steps = 0; }},
                                         BadOption{"--phases 51", [](ExtractOptions& o) { o.phases = 51; }},
                                         BadOption{"--block 48", [](ExtractOptions& o) { o.block = 48; }},
                                         BadOption{"--block 8", [](ExtractOptions& o) { o.block = 8; }},
                                         BadOption{"--shard 3/3",
                                                   [](ExtractOptions& o) { o.shard_index = o.shard_count = 3; }},
                                         BadOption{"--guidance 0.5", [](ExtractOptions& o) { o.guidance = 0.5; }},
                                         BadOption{"--shift -1", [](ExtractOptions& o) { o.shift = -1; }},
                                         BadOption{"--branches both", [](ExtractOptions& o) {
                                                     o.guidance = 1;
                                                     o.unconditional = true;
                                                   }}));

}  // namespace
}  // namespace wean::extract
