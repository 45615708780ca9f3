// libwean through its C++ wrapper: bad files are codes, attention equals the definition, threads share a handle.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "common/base/file.h"
#include "schemas/masks/head.h"
#include "tests/kernels/attention_cases.h"
#include "tests/schemas/masks/patch.h"
#include "tests/schemas/masks/samples.h"
#include "tests/support/temp_dir.h"
#include "wean/wean.hpp"

namespace wean {
namespace {

wean_status status_of_open(const std::filesystem::path& path, const OpenOptions& options = {}) {
  try {
    const Masks masks(path.string(), options);
    return WEAN_OK;
  } catch (const StatusError& error) {
    EXPECT_NE(std::string(error.what()), "");
    return error.status();
  }
}

TEST(Runtime, BadFilesAreCodes) {
  const testing::TempDir folder;
  const auto good = test::encode(test::golden_content());
  const auto path = folder.path() / "masks.wean";
  const auto publish = [&](const test::Bytes& bytes) { publish_bytes(path, bytes, Overwrite::kReplace); };
  publish(good);
  EXPECT_EQ(status_of_open(path), WEAN_OK);
  for (std::size_t i = 0; i < good.size(); i += 997) {
    test::Bytes bad = good;
    bad[i] ^= std::byte{4};
    publish(bad);
    const wean_status status = status_of_open(path);
    EXPECT_TRUE(status == WEAN_ERROR_MALFORMED || status == WEAN_ERROR_INTEGRITY) << i;
  }
  publish({good.begin(), good.begin() + 1000});
  EXPECT_EQ(status_of_open(path), WEAN_ERROR_INTEGRITY);
  publish({});
  EXPECT_EQ(status_of_open(path), WEAN_ERROR_MALFORMED);
  EXPECT_EQ(status_of_open(path, {true, true}), WEAN_ERROR_MALFORMED);
  EXPECT_EQ(status_of_open(folder.path()), WEAN_ERROR_IO);
}

TEST(Runtime, EveryWayOfOpeningGivesTheSameFacts) {
  for (const bool first_use : {false, true}) {
    for (const bool map : {false, true}) {
      const Masks masks(test::golden_path("v1.wean").string(), {first_use, map});
      EXPECT_EQ(masks.facts().heads, 4U);
      EXPECT_EQ(masks.phase(1).steps, 15U);
      EXPECT_EQ(masks.phase_of_sigma(0.9), 0U);
      EXPECT_FALSE(masks.bits({1, 1, 0, 1}, 0).dense());
    }
  }
}

TEST(Runtime, DamageIsFoundAtFirstUse) {
  const testing::TempDir folder;
  auto bytes = test::encode(test::golden_content());
  bytes.back() ^= std::byte{1};
  publish_bytes(folder.path() / "masks.wean", bytes, Overwrite::kRefuse);
  const Masks masks((folder.path() / "masks.wean").string(), {true, false});
  EXPECT_NO_THROW((void)masks.bits({0, 0, 0, 0}, 0));
  try {
    (void)masks.bits({1, 1, 0, 1}, 0);
    FAIL();
  } catch (const StatusError& error) {
    EXPECT_EQ(error.status(), WEAN_ERROR_INTEGRITY);
  }
}

TEST(Runtime, APhaseIsProvenAlone) {
  const testing::TempDir folder;
  auto bytes = test::encode(test::golden_content());
  bytes.back() ^= std::byte{1};  // of the last phase
  publish_bytes(folder.path() / "masks.wean", bytes, Overwrite::kRefuse);
  const Masks masks((folder.path() / "masks.wean").string(), {true, false});
  EXPECT_NO_THROW(masks.verify(0, 1));
  for (const std::uint32_t first : {0U, 1U}) {
    try {
      masks.verify(first);
      FAIL();
    } catch (const StatusError& error) {
      EXPECT_EQ(error.status(), WEAN_ERROR_INTEGRITY);
    }
  }
  EXPECT_EQ(wean_masks_verify(masks.handle(), 1, 2), WEAN_ERROR_USAGE);
}

wean_attention_params attention_params(const test::AttentionCase& attention, test::AttentionData& data) {
  wean_attention_params params;
  wean_attention_params_init(&params);
  params.dtype = attention.type == test::ValueType::kBfloat16 ? WEAN_BFLOAT16 : WEAN_FLOAT32;
  params.tokens = static_cast<std::uint64_t>(attention.geometry.q_tokens);
  params.heads = static_cast<std::uint32_t>(attention.heads);
  params.head_dim = static_cast<std::uint32_t>(attention.head_dim);
  params.q = data.q.data();
  params.k = data.k.data();
  params.v = data.v.data();
  params.o = data.o.data();
  params.log_sum_exp = data.lse.data();
  params.batch = attention.batch;
  params.q_stride_batch = data.q.stride_batch, params.q_stride_token = data.q.stride_token;
  params.k_stride_batch = data.k.stride_batch, params.k_stride_token = data.k.stride_token;
  params.v_stride_batch = data.v.stride_batch, params.v_stride_token = data.v.stride_token;
  params.o_stride_batch = data.o.stride_batch, params.o_stride_token = data.o.stride_token;
  params.q_stride_head = data.q.stride_head, params.k_stride_head = data.k.stride_head;
  params.v_stride_head = data.v.stride_head, params.o_stride_head = data.o.stride_head;
  return params;
}

double worst_difference(const test::AttentionCase& attention, const test::AttentionData& data,
                        const test::ReferenceOutput& expected) {
  double worst = 0;
  std::size_t index = 0;
  for (std::int64_t t = 0; t < attention.geometry.q_tokens; ++t) {
    for (std::int64_t h = 0; h < attention.heads; ++h) {
      for (std::int64_t d = 0; d < attention.head_dim; ++d) {
        const double difference = std::abs(data.o.at(0, t, h, d) - expected.o[index++]);
        worst = difference <= worst ? worst : difference;  // a NaN stays
      }
    }
  }
  return worst;
}

// The golden file has dense, shared and random maps; its site (0, 1, 0, 1) has a head that keeps nothing at all.
TEST(Runtime, AttentionOnTheGoldenMasksEqualsTheDefinition) {
  const test::Content content = test::golden_content();
  const Masks masks(test::golden_path("v1.wean").string());
  const test::AttentionCase attention{"golden", test::MaskFamily::kDense, 1, 1, 4, 64, content.meta.geometry};
  test::AttentionData data(attention);
  const auto& heads = content.sections[masks::section_index(content.meta, {0, Branch::kUnconditional, 0, 1})];
  for (std::size_t h = 0; h < heads.size(); ++h) data.bits[h] = heads[h].bits;
  masks.attention_cpu({0, 1, 0, 1}, attention_params(attention, data));
  EXPECT_LT(worst_difference(attention, data, test::reference_attention(attention, data)), 4e-6);
  EXPECT_EQ(data.o.at(0, 700, 3, 9), 0);
  EXPECT_EQ(data.lse.back(), -std::numeric_limits<float>::infinity());

  test::AttentionData direct(attention);
  for (std::size_t h = 0; h < heads.size(); ++h) direct.head_bits[h] = heads[h].dense ? nullptr : heads[h].bits.data();
  kernels::block_sparse_attention(direct.params(attention));
  EXPECT_EQ(direct.o.bytes(), data.o.bytes());
}

TEST(Runtime, BadAttentionParametersAreNamed) {
  const Masks masks(test::golden_path("v1.wean").string());
  const test::AttentionCase attention{"golden", test::MaskFamily::kDense, 1, 1, 4, 64, {1274, 1274, 16, 16}};
  test::AttentionData data(attention);
  const auto message = [&](auto change, wean_site site = {}) {
    wean_attention_params params = attention_params(attention, data);
    change(params);
    const wean_status status = wean_attention_cpu(masks.handle(), &site, &params);
    return std::to_string(status) + " " + (status == WEAN_OK ? "" : wean_last_error());
  };
  const auto same = [](wean_attention_params&) {};
  EXPECT_EQ(message(same), "0 ");
  EXPECT_EQ(message([](auto& p) { p.dtype = static_cast<wean_dtype>(1); }, {9, 0, 0, 0}).substr(0, 2), "2 ");
  EXPECT_EQ(message([](auto& p) { p.q = nullptr; }), "2 block_sparse_attention: q is null; a pointer is required");
  EXPECT_EQ(message([](auto& p) { p.reserved = 1; }), "2 wean_attention_params.reserved 1; allowed is 0");
  EXPECT_EQ(message([](auto& p) { std::memset(&p.dtype, 1, 1), std::memset(&p.struct_size, 0, 4); }),
            "2 wean_attention_params.struct_size 0; allowed are 176 to 4096; use its _init function");
  EXPECT_EQ(message([](auto& p) {
              const int seven = 7;
              std::memcpy(&p.dtype, &seven, 4);
            }),
            "2 wean_attention_params.dtype 7; allowed are 0 (float32) and 1 (bfloat16)");
  EXPECT_EQ(message([](auto& p) { p.tokens = 0; }),
            "2 wean_attention_params.tokens 0; the mask file was made for 1274");
  EXPECT_EQ(message([](auto& p) { p.heads = 5; }), "2 wean_attention_params.heads 5; the mask file was made for 4");
  EXPECT_EQ(message([](auto& p) { p.head_dim = 128; }),
            "2 wean_attention_params.head_dim 128; the mask file was made for 64");
  EXPECT_EQ(message([](auto& p) { p.o_stride_head = -1; }).substr(0, 38), "2 block_sparse_attention: strides of o");
}

TEST(Runtime, LastErrorBelongsToItsThread) {
  EXPECT_EQ(wean_masks_open(nullptr, nullptr, nullptr), WEAN_ERROR_USAGE);
  std::string other = "?";
  std::thread([&] { other = wean_last_error(); }).join();
  EXPECT_EQ(other, "");
  EXPECT_STREQ(wean_last_error(), "path is NULL; a pointer is required");
}

}  // namespace
}  // namespace wean
