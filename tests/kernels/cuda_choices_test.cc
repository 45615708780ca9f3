// What the CUDA kernels decide on the host: which kernel, which sizes, which calls are refused and in which words. All
// of it comes before a device is asked, so it runs without a GPU.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>
#include <string>

#include "common/base/error.h"
#include "kernels/cuda/block_sparse_attention.h"
#include "kernels/cuda/plan.h"
#include "kernels/sm90/launch.h"

namespace wean {
namespace {

using kernels::CudaElementType;

struct Call {
  kernels::CudaMask mask;
  kernels::CudaAttentionParams params;
  void* plan = nullptr;
  void* workspace = nullptr;
};

/// One that is all right; its addresses are never read.
Call good_call() {
  const auto at = [](std::uintptr_t address) { return reinterpret_cast<void*>(address << 16); };
  Call call;
  call.mask.bits = static_cast<const std::uint32_t*>(at(1));
  call.mask.heads = 3;
  call.mask.q_tokens = 300;
  call.mask.k_tokens = 500;
  kernels::CudaAttentionParams& p = call.params;
  p.q = at(2), p.k = at(3), p.v = at(4), p.o = at(5);
  p.batch = 2;
  p.head_dim = 128;
  p.q_stride_token = p.k_stride_token = p.v_stride_token = p.o_stride_token = 3 * 128;
  p.q_stride_head = p.k_stride_head = p.v_stride_head = p.o_stride_head = 128;
  p.q_stride_batch = p.o_stride_batch = 300 * 3 * 128;
  p.k_stride_batch = p.v_stride_batch = 500 * 3 * 128;
  call.plan = at(6), call.workspace = at(7);
  return call;
}

struct Refusal {
  ErrorCode code;
  std::string text;
};
Refusal refusal(const Call& call) {
  try {
    kernels::cuda_block_sparse_attention(call.mask, call.params, call.plan, call.workspace, nullptr);
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {ErrorCode::kUsage, "not refused"};
}

TEST(CudaChoices, HopperHasAKernelOfItsOwnForEachSize) {
  std::set<const kernels::sm90::Kernel*> found;
  for (const auto type : {CudaElementType::kBfloat16, CudaElementType::kFloat16}) {
    for (const int head_dim : {64, 128}) {
      for (const int block : {64, 128}) {
        const kernels::sm90::Kernel* const kernel = kernels::sm90::select_kernel(type, head_dim, block);
        ASSERT_NE(kernel, nullptr) << head_dim << " " << block;
        EXPECT_EQ(kernel->config.half, type == CudaElementType::kFloat16);
        EXPECT_EQ(kernel->config.head_dim, head_dim);
        EXPECT_EQ(kernel->config.key_block, block);
        EXPECT_FALSE(kernel->config.watchdog);
        // Weights in fp16 end at 65,504: they need the running maximum.
        EXPECT_EQ(kernel->config.anchored, type == CudaElementType::kBfloat16);
        found.insert(kernel);
      }
    }
  }
  EXPECT_EQ(found.size(), 8U);
  EXPECT_EQ(kernels::sm90::select_kernel(CudaElementType::kBfloat16, 96, 128), nullptr);
  EXPECT_EQ(kernels::sm90::select_kernel(CudaElementType::kBfloat16, 128, 256), nullptr);
}

TEST(CudaChoices, ThePartsOfAPlanLieApart) {
  kernels::CudaMask mask = good_call().mask;
  mask.batch = 2;
  const kernels::PlanLayout layout(mask);
  EXPECT_EQ(layout.heads, 6);
  EXPECT_EQ(layout.rows, 3);
  EXPECT_EQ(layout.key_blocks, 4);
  EXPECT_EQ(layout.words, 1);
  EXPECT_EQ(layout.groups, 1);
  EXPECT_GE(layout.counts, 18 * sizeof(kernels::PlanItem));
  EXPECT_GE(layout.totals, layout.counts + 18 * 4);
  EXPECT_GE(layout.bytes, layout.totals + 6 * 8);
  EXPECT_EQ(layout.counts % 256 + layout.totals % 256, 0U);
  EXPECT_EQ(kernels::cuda_plan_bytes(mask), layout.bytes);
  mask.k_block = 64;
  mask.k_tokens = 64 * 33;
  EXPECT_EQ(kernels::PlanLayout(mask).words, 2);
}

TEST(CudaChoices, EachBadFieldIsNamed) {
  const struct {
    const char* text;
    std::function<void(Call&)> change;
  } table[] = {
      {"mask.heads 0; 1 to 1048576 is allowed", [](Call& c) { c.mask.heads = 0; }},
      {"mask.batch 0; 1 to", [](Call& c) { c.mask.batch = 0; }},
      {"mask.q_tokens 0; 1 to", [](Call& c) { c.mask.q_tokens = 0; }},
      {"mask.k_tokens 1073741825; 1 to", [](Call& c) { c.mask.k_tokens = (std::int64_t{1} << 30) + 1; }},
      {"mask blocks 64x64; 128x128 and 128x64 are supported", [](Call& c) { c.mask.q_block = c.mask.k_block = 64; }},
      {"mask blocks 128x256; 128x128 and", [](Call& c) { c.mask.k_block = 256; }},
      {"the mask has 2^31 rows", [](Call& c) { c.mask.heads = 1 << 20, c.mask.q_tokens = 1 << 20; }},
      {"the run has 2^31 rows", [](Call& c) { c.mask.heads = 1 << 20, c.params.batch = 1 << 12; }},
      {"type 7; bfloat16 and float16", [](Call& c) { c.params.type = static_cast<CudaElementType>(7); }},
      {"head_dim 96; 64 and 128 are supported", [](Call& c) { c.params.head_dim = 96; }},
      {"batch 0; 1 to", [](Call& c) { c.params.batch = 0; }},
      {"mask.batch 3; 1 or the run's batch 2", [](Call& c) { c.mask.batch = 3; }},
      {"scale nan", [](Call& c) { c.params.scale = std::nanf(""); }},
      {"scale -1", [](Call& c) { c.params.scale = -1; }},
      {"strides of q 115200, 120, 128; multiples of 8", [](Call& c) { c.params.q_stride_token = 120; }},
      {"strides of k 192000, 384, 129; multiples of 8", [](Call& c) { c.params.k_stride_head = 129; }},
      {"strides of v -8, 384, 128;", [](Call& c) { c.params.v_stride_batch = -8; }},
      {"strides of o 549755813888, 384, 128;", [](Call& c) { c.params.o_stride_batch = std::int64_t{1} << 39; }},
      {"strides of o: 0 between heads", [](Call& c) { c.params.o_stride_head = 0; }},
      {"mask.bits is null", [](Call& c) { c.mask.bits = nullptr; }},
      {"q is null", [](Call& c) { c.params.q = nullptr; }},
      {"o is not aligned to 16 bytes", [](Call& c) { c.params.o = static_cast<char*>(c.params.o) + 8; }},
      {"log_sum_exp is not aligned to 4 bytes", [](Call& c) { c.params.log_sum_exp = reinterpret_cast<float*>(2); }},
      {"plan is not aligned to 256 bytes", [](Call& c) { c.plan = static_cast<char*>(c.plan) + 16; }},
      {"workspace is null", [](Call& c) { c.workspace = nullptr; }},
  };
  for (const auto& bad : table) {
    Call call = good_call();
    bad.change(call);
    const Refusal said = refusal(call);
    EXPECT_EQ(said.code, ErrorCode::kUsage) << bad.text;
    EXPECT_NE(said.text.find(bad.text), std::string::npos) << bad.text << "\n" << said.text;
  }
}

TEST(CudaChoices, HeadsAndBatchEntriesMayShareKeysAndValues) {
  Call call = good_call();
  call.params.k_stride_head = call.params.v_stride_head = call.params.k_stride_batch = call.params.v_stride_batch = 0;
  EXPECT_GE(kernels::cuda_run_bytes(call.mask, call.params), kernels::sm90::workspace_bytes());
}

}  // namespace
}  // namespace wean
