// The sm_80 kernel on the host, thread by thread: fragments, the ring of stages, masks and ragged ends are checked
// where there is no GPU. Its instructions are those of tests/kernels/emulated.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/sm80/block_sparse_attention.cuh"
#include "tests/kernels/attention_cases.h"
#include "tests/kernels/comparison.h"

namespace wean {
namespace {

using kernels::sm80::Arguments;
using test::AttentionCase;
using test::AttentionData;

kernels::sm80::Stride bytes_of(const test::Tensor& tensor) {
  return {2 * tensor.stride_batch, 2 * tensor.stride_token, 2 * tensor.stride_head};
}

Arguments arguments_of(const AttentionCase& attention, AttentionData& data, const std::vector<std::uint32_t>& bits) {
  const BlockGeometry& geometry = attention.geometry;
  Arguments a = {};
  a.bits = bits.data();
  a.q = static_cast<const char*>(data.q.data());
  a.k = static_cast<const char*>(data.k.data());
  a.v = static_cast<const char*>(data.v.data());
  a.o = static_cast<char*>(data.o.data());
  a.log_sum_exp = data.lse.data();
  a.q_stride = bytes_of(data.q), a.k_stride = bytes_of(data.k);
  a.v_stride = bytes_of(data.v), a.o_stride = bytes_of(data.o);
  a.heads = static_cast<int>(attention.heads);
  a.rows = static_cast<int>(geometry.rows());
  a.words = static_cast<int>(geometry.words());
  a.bits_stride_batch = attention.mask_per_batch ? attention.heads * geometry.rows() * geometry.words() : 0;
  a.q_tokens = static_cast<int>(geometry.q_tokens);
  a.k_tokens = static_cast<int>(geometry.k_tokens);
  a.k_block = static_cast<int>(geometry.k_block);
  a.last_word = geometry.cols() % 32 == 0 ? ~0U : (1U << (geometry.cols() % 32)) - 1;
  const double scale = attention.scale == 0 ? 1 / std::sqrt(static_cast<double>(attention.head_dim))
                                            : static_cast<double>(attention.scale);
  a.scale = static_cast<float>(scale);
  a.scale_log2 = static_cast<float>(scale * 1.44269504088896340736);
  return a;
}

template <int kDim>
void run(const AttentionCase& attention, const Arguments& arguments) {
  const std::int64_t tiles = attention.batch * attention.heads * attention.geometry.rows();
  for (unsigned tile = 0; tile < tiles; ++tile) {
    emulated::run_block(tile, kernels::sm80::Config<kDim>::kThreads,
                        [&] { kernels::sm80::block_sparse_attention_kernel<__nv_bfloat16, kDim>(arguments); });
  }
}

std::vector<AttentionCase> cases() {
  std::vector<AttentionCase> all = test::attention_cases();
  std::erase_if(all, [](const AttentionCase& c) {
    return !test::runs_on_cuda(c) || c.large || c.type != test::ValueType::kBfloat16;
  });
  return all;
}

class EmulatedSm80 : public testing::TestWithParam<AttentionCase> {};

TEST_P(EmulatedSm80, EqualsTheDefinition) {
  const AttentionCase& attention = GetParam();
  AttentionData data(attention);
  const std::vector<std::uint32_t> bits = test::packed_bits(attention);
  data.o.poison();
  const Arguments arguments = arguments_of(attention, data, bits);
  attention.head_dim == 128 ? run<128>(attention, arguments) : run<64>(attention, arguments);
  test::compare(attention, data, test::reference_attention(attention, data), test::rounded_weights(attention));
  EXPECT_TRUE(data.o.padding_is_poison());
}

INSTANTIATE_TEST_SUITE_P(Cases, EmulatedSm80, testing::ValuesIn(cases()),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace wean
