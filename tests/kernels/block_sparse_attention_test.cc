// The CPU kernel against the definition in double precision, for every case and every compiled variant.
#include "kernels/ref/block_sparse_attention.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "common/base/error.h"
#include "kernels/ref/tile.h"
#include "tests/kernels/attention_cases.h"
#include "tests/kernels/comparison.h"

namespace wean {
namespace {

using kernels::TileKernel;
using test::AttentionCase;
using test::AttentionData;
using test::MaskFamily;

using test::compare;

std::vector<AttentionCase> cases() {
  std::vector<AttentionCase> all = test::attention_cases();
  std::erase_if(all, [](const AttentionCase& attention) { return !test::runs_on_cpu(attention); });
  return all;
}
std::string name_of(const testing::TestParamInfo<AttentionCase>& info) { return info.param.name; }

class BlockSparseAttention : public testing::TestWithParam<AttentionCase> {
 protected:
  void SetUp() override { omp_set_num_threads(2); }
};

TEST_P(BlockSparseAttention, EqualsTheDefinition) {
  const AttentionCase& attention = GetParam();
  AttentionData data(attention);
  const test::ReferenceOutput expected = test::reference_attention(attention, data);
  int variants = 0;
  for (const TileKernel& kernel : kernels::tile_kernels()) {
    if (!kernel.supported()) continue;
    SCOPED_TRACE(kernel.name);
    data.o.poison();
    kernels::block_sparse_attention_with(data.params(attention), kernel);
    compare(attention, data, expected, test::float_weights(attention));
    EXPECT_TRUE(data.o.padding_is_poison());
    ++variants;
  }
  EXPECT_GE(variants, 1);
}

TEST_P(BlockSparseAttention, IsBitEqualForAnyThreadCount) {
  const AttentionCase& attention = GetParam();
  std::vector<unsigned char> first;
  std::vector<float> first_lse;
  for (const int threads : {1, 2, 3, 8}) {
    omp_set_num_threads(threads);
    AttentionData data(attention);
    kernels::block_sparse_attention(data.params(attention));
    if (threads == 1) {
      first = data.o.bytes();
      first_lse = data.lse;
    }
    EXPECT_EQ(data.o.bytes(), first) << threads << " threads";
    EXPECT_EQ(data.lse, first_lse) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BlockSparseAttention, testing::ValuesIn(cases()), name_of);

TEST(BlockSparseAttentionMasks, AllOnesIsBitEqualToDense) {
  const AttentionCase ones{"ones", MaskFamily::kAllOnes, 1, 1, 2, 64, {300, 300, 48, 80}};
  AttentionData data(ones);
  kernels::block_sparse_attention(data.params(ones));
  const std::vector<unsigned char> with_bits = data.o.bytes();
  data.head_bits = {nullptr, nullptr};
  data.o.poison();
  kernels::block_sparse_attention(data.params(ones));
  EXPECT_EQ(data.o.bytes(), with_bits);
}

TEST(BlockSparseAttentionMasks, BitsPastTheLastColumnAreIgnored) {
  const AttentionCase attention{"stray", MaskFamily::kUniform, .5, 1, 1, 64, {100, 100, 64, 64}};
  AttentionData data(attention);
  kernels::block_sparse_attention(data.params(attention));
  const std::vector<unsigned char> expected = data.o.bytes();
  for (std::uint32_t& word : data.bits[0]) word |= 0xFFFFFFFC;
  data.o.poison();
  kernels::block_sparse_attention(data.params(attention));
  EXPECT_EQ(data.o.bytes(), expected);
}

TEST(BlockSparseAttentionValues, NanStaysWhereItBelongs) {
  const AttentionCase attention{"nan", MaskFamily::kUniform, .4, 1, 1, 64, {256, 256, 32, 32}};
  AttentionData data(attention);
  data.q.set(0, 37, 0, 5, std::nanf(""));
  data.k.set(0, 100, 0, 0, std::nanf(""));
  data.v.set(0, 201, 0, 9, std::nanf(""));
  const test::ReferenceOutput expected = test::reference_attention(attention, data);
  for (const TileKernel& kernel : kernels::tile_kernels()) {
    if (!kernel.supported()) continue;
    data.o.poison();
    kernels::block_sparse_attention_with(data.params(attention), kernel);
    compare(attention, data, expected, test::float_weights(attention));
  }
}

TEST(BlockSparseAttentionValues, InfiniteKeysCountAsInTheDefinition) {
  const AttentionCase attention{"inf", MaskFamily::kAllOnes, 1, 1, 1, 4, {64, 64, 16, 16}};
  AttentionData data(attention);
  for (std::int64_t t = 0; t < 64; ++t) data.q.set(0, t, 0, 0, t % 2 == 0 ? 1.0F : -1.0F);
  for (std::int64_t t = 0; t < 20; ++t) data.k.set(0, t, 0, 0, -std::numeric_limits<float>::infinity());
  const test::ReferenceOutput expected = test::reference_attention(attention, data);
  for (const TileKernel& kernel : kernels::tile_kernels()) {
    if (!kernel.supported()) continue;
    kernels::block_sparse_attention_with(data.params(attention), kernel);
    compare(attention, data, expected, test::float_weights(attention));
  }
}

struct BadParameter {
  const char* message;
  void (*change)(kernels::BlockSparseAttentionParams&);
};

TEST(BlockSparseAttentionErrors, EachBadParameterIsNamed) {
  using P = kernels::BlockSparseAttentionParams;
  const BadParameter table[] = {
      {"head_dim 257; allowed are 1 to 256", [](P& p) { p.head_dim = 257; }},
      {"head_dim 0", [](P& p) { p.head_dim = 0; }},
      {"heads 0", [](P& p) { p.heads = 0; }},
      {"batch -1", [](P& p) { p.batch = -1; }},
      {"q_tokens -1", [](P& p) { p.q_tokens = -1; }},
      {"k_tokens 2147483648", [](P& p) { p.k_tokens = std::int64_t{1} << 31; }},
      {"q_block 0", [](P& p) { p.q_block = 0; }},
      {"k_block 0", [](P& p) { p.k_block = 0; }},
      {"type 7", [](P& p) { p.type = static_cast<kernels::ElementType>(7); }},
      {"q is null", [](P& p) { p.q = nullptr; }},
      {"k is null", [](P& p) { p.k = nullptr; }},
      {"v is null", [](P& p) { p.v = nullptr; }},
      {"o is null", [](P& p) { p.o = nullptr; }},
      {"head_bits is null", [](P& p) { p.head_bits = nullptr; }},
      {"strides of v", [](P& p) { p.v_stride_token = -4; }},
      {"scale nan", [](P& p) { p.scale = std::nanf(""); }},
  };
  const AttentionCase attention{"bad"};
  AttentionData data(attention);
  for (const BadParameter& bad : table) {
    auto params = data.params(attention);
    bad.change(params);
    try {
      kernels::block_sparse_attention(params);
      ADD_FAILURE() << "accepted: " << bad.message;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      EXPECT_NE(std::string(error.what()).find(bad.message), std::string::npos) << error.what();
    }
  }
}

TEST(BlockSparseAttentionErrors, NothingToDoIsAllowed) {
  AttentionCase attention{"none"};
  AttentionData data(attention);
  auto params = data.params(attention);
  params.batch = 0;
  params.q = params.k = params.v = nullptr;
  EXPECT_NO_THROW(kernels::block_sparse_attention(params));
  params = data.params(attention);
  params.k_tokens = 0;
  kernels::block_sparse_attention(params);
  EXPECT_EQ(data.o.at(0, 5, 1, 7), 0);
  EXPECT_EQ(data.lse[5], -std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace wean
