// Two kernels: each head counts and orders its rows, then each head finds its place among the heads.
#include "kernels/cuda/check.h"
#include "kernels/cuda/plan.h"

namespace wean::kernels {
namespace {

constexpr int kThreads = 1024, kWarps = kThreads / 32;
constexpr int kStaged = 4096;  ///< counts of a head that are compared from shared memory at a time
constexpr int kUnroll = 8;     ///< rows whose words a warp has in flight: reading is all latency

struct PlanPointers {
  const std::uint32_t* bits;
  PlanItem* items;
  std::int32_t* order;   ///< [heads][rows] row at each place
  std::int32_t* counts;  ///< [heads][rows] kept blocks of each row
  std::int64_t* totals;  ///< [heads]
  int heads, rows, key_blocks, words;
};

__device__ std::uint32_t valid_word(const PlanPointers& p, const std::uint32_t* row, int word) {
  if (word >= p.words) return 0;
  const int bits = p.key_blocks - word * 32;
  return bits >= 32 ? row[word] : row[word] & ((1u << bits) - 1);
}

__device__ void count_rows(const PlanPointers& p, int head) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const std::uint32_t* bits = p.bits + std::int64_t{head} * p.rows * p.words;
  for (int first = warp; first < p.rows; first += kWarps * kUnroll) {
    int count[kUnroll] = {};
    for (int word = 0; word < p.words; word += 32) {
#pragma unroll
      for (int i = 0; i < kUnroll; ++i) {
        const int row = first + i * kWarps;
        if (row < p.rows) count[i] += __popc(valid_word(p, bits + std::int64_t{row} * p.words, word + lane));
      }
    }
#pragma unroll
    for (int i = 0; i < kUnroll; ++i) {
      const int row = first + i * kWarps;
      const int sum = __reduce_add_sync(~0u, count[i]);
      if (lane == 0 && row < p.rows) p.counts[std::int64_t{head} * p.rows + row] = sum;
    }
  }
}

/// Place of each row: how many rows have more blocks, or as many and come earlier.
__device__ void order_rows(const PlanPointers& p, int head, std::int32_t* staged) {
  const std::int32_t* counts = p.counts + std::int64_t{head} * p.rows;
  for (int first = 0; first < p.rows; first += kThreads) {
    const int row = first + static_cast<int>(threadIdx.x);
    const int own = row < p.rows ? counts[row] : 0;
    int place = 0;
    for (int base = 0; base < p.rows; base += kStaged) {
      __syncthreads();
      const int end = min(kStaged, p.rows - base);
      for (int i = threadIdx.x; i < (end + 3) / 4 * 4; i += kThreads) staged[i] = i < end ? counts[base + i] : -1;
      __syncthreads();
      const int before = row - base;  // rows in front of this one win a tie
#pragma unroll 4
      for (int i = 0; i < end; i += 4) {
        const int4 other = *reinterpret_cast<const int4*>(staged + i);
        place += other.x >= own + (i >= before);
        place += other.y >= own + (i + 1 >= before);
        place += other.z >= own + (i + 2 >= before);
        place += other.w >= own + (i + 3 >= before);
      }
    }
    if (row < p.rows) p.order[std::int64_t{head} * p.rows + place] = row;
  }
}

__global__ void __launch_bounds__(kThreads) rows_kernel(PlanPointers p) {
  __shared__ alignas(16) std::int32_t staged[kStaged];
  __shared__ unsigned long long total;
  const int head = static_cast<int>(blockIdx.x);
  if (threadIdx.x == 0) total = 0;
  count_rows(p, head);
  __syncthreads();
  unsigned long long sum = 0;
  for (int row = threadIdx.x; row < p.rows; row += kThreads) sum += p.counts[std::int64_t{head} * p.rows + row];
  if (sum != 0) atomicAdd(&total, sum);
  order_rows(p, head, staged);
  if (threadIdx.x == 0) p.totals[head] = static_cast<std::int64_t>(total);
}

__global__ void __launch_bounds__(kThreads) heads_kernel(PlanPointers p) {
  __shared__ int place;
  const int head = static_cast<int>(blockIdx.x);
  if (threadIdx.x == 0) place = 0;
  __syncthreads();
  const std::int64_t own = p.totals[head];
  for (int other = threadIdx.x; other < p.heads; other += kThreads) {
    if (p.totals[other] > own || (p.totals[other] == own && other < head)) atomicAdd(&place, 1);
  }
  __syncthreads();
  const std::int64_t base = std::int64_t{head} * p.rows;
  PlanItem* items = p.items + std::int64_t{place} * p.rows;
  for (int i = threadIdx.x; i < p.rows; i += kThreads) {
    const int row = p.order[base + i];
    items[i] = {head, row, p.counts[base + row], 0};
  }
}

}  // namespace

void launch_plan(const CudaMask& mask, void* plan, void* stream) {
  const PlanLayout layout(mask);
  auto* bytes = static_cast<std::byte*>(plan);
  const PlanPointers pointers = {mask.bits,
                                 reinterpret_cast<PlanItem*>(bytes),
                                 reinterpret_cast<std::int32_t*>(bytes + layout.order),
                                 reinterpret_cast<std::int32_t*>(bytes + layout.counts),
                                 reinterpret_cast<std::int64_t*>(bytes + layout.totals),
                                 static_cast<int>(layout.heads),
                                 static_cast<int>(layout.rows),
                                 static_cast<int>(layout.key_blocks),
                                 static_cast<int>(layout.words)};
  const auto blocks = static_cast<unsigned>(layout.heads);
  rows_kernel<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(pointers);
  check_cuda(cudaGetLastError(), "cuda_plan: launch");
  heads_kernel<<<blocks, kThreads, 0, static_cast<cudaStream_t>(stream)>>>(pointers);
  check_cuda(cudaGetLastError(), "cuda_plan: launch");
}

}  // namespace wean::kernels
