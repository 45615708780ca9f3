// libwean_bench.so: the CUDA kernels with plain C functions, for kernels/bench/rivals, which calls them on torch's
// tensors.
#include <cstdio>
#include <exception>

#include "kernels/cuda/block_sparse_attention.h"
#include "kernels/sm80/block_sparse_attention.h"

namespace {

thread_local char failure[512] = "";

/// Runs `body`; 0, or 1 with the text of its exception in `failure`.
template <typename Body>
int guarded(Body&& body) noexcept {
  try {
    body();
    return 0;
  } catch (const std::exception& error) {
    std::snprintf(failure, sizeof failure, "%s", error.what());
    return 1;
  }
}

}  // namespace

extern "C" {

#define WEAN_BENCH_API __attribute__((visibility("default")))

/// A call as rivals/library.py lays it out: [batch 1][tokens][heads][head_dim] by strides.
struct wean_bench_call {
  const std::uint32_t* bits;
  const void *q, *k, *v;
  void* o;
  float* log_sum_exp;
  std::int64_t heads, q_tokens, k_tokens, q_block, k_block, head_dim;
  std::int64_t type;  ///< 1 bfloat16, 2 float16
  std::int64_t stride_token, stride_head;
};

WEAN_BENCH_API const char* wean_bench_failure() { return failure; }
}

namespace {

wean::kernels::CudaMask mask_of(const wean_bench_call& call) {
  return {call.bits, 1, call.heads, call.q_tokens, call.k_tokens, call.q_block, call.k_block};
}

wean::kernels::CudaAttentionParams params_of(const wean_bench_call& call) {
  wean::kernels::CudaAttentionParams p;
  p.q = call.q, p.k = call.k, p.v = call.v, p.o = call.o;
  p.log_sum_exp = call.log_sum_exp;
  p.type = static_cast<wean::kernels::CudaElementType>(call.type);
  p.head_dim = call.head_dim;
  p.q_stride_token = p.k_stride_token = p.v_stride_token = p.o_stride_token = call.stride_token;
  p.q_stride_head = p.k_stride_head = p.v_stride_head = p.o_stride_head = call.stride_head;
  return p;
}

}  // namespace

extern "C" {

WEAN_BENCH_API int wean_bench_bytes(const wean_bench_call* call, std::uint64_t* plan, std::uint64_t* run) {
  return guarded([&] {
    *plan = wean::kernels::cuda_plan_bytes(mask_of(*call));
    *run = wean::kernels::cuda_run_bytes(mask_of(*call), params_of(*call));
  });
}

WEAN_BENCH_API int wean_bench_plan(const wean_bench_call* call, void* plan, void* stream) {
  return guarded([&] { wean::kernels::cuda_plan(mask_of(*call), plan, stream); });
}

WEAN_BENCH_API int wean_bench_run(const wean_bench_call* call, const void* plan, void* workspace, void* stream) {
  return guarded(
      [&] { wean::kernels::cuda_block_sparse_attention(mask_of(*call), params_of(*call), plan, workspace, stream); });
}

WEAN_BENCH_API int wean_bench_run_sm80(const wean_bench_call* call, const void* plan, void* workspace, void* stream) {
  return guarded(
      [&] { wean::kernels::sm80::block_sparse_attention(mask_of(*call), params_of(*call), plan, workspace, stream); });
}
}
