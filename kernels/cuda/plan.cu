// Two kernels: groups of rows are counted over the whole device, then each head finds its place among the heads and
// orders its rows. Sums of integers and orders without ties: the result does not depend on how blocks run.
#include "kernels/cuda/check.h"
#include "kernels/cuda/plan.h"

namespace wean::kernels {
namespace {

constexpr int kCountThreads = 256, kOrderThreads = 512;
constexpr int kSorted = 4096;  ///< rows of a head that are sorted in shared memory

struct PlanPointers {
  const std::uint32_t* bits;
  PlanItem* items;
  std::int32_t* counts;  ///< [heads][rows] kept blocks of each row
  std::int64_t* totals;  ///< [heads][groups] of each group of rows
  int heads, rows, key_blocks, words, groups;
};

/// A warp has the words of several rows in flight: reading is all latency.
__global__ void __launch_bounds__(kCountThreads) count_kernel(PlanPointers p) {
  constexpr int kWarps = kCountThreads / 32, kRowsOfWarp = kPlanRows / kWarps;
  __shared__ long long totals[kWarps];
  const int head = static_cast<int>(blockIdx.x) / p.groups, group = static_cast<int>(blockIdx.x) % p.groups;
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int first = group * kPlanRows + warp * kRowsOfWarp, rows = min(kRowsOfWarp, p.rows - first);
  const std::int64_t base = std::int64_t{head} * p.rows + first;
  const std::uint32_t* bits = p.bits + base * p.words;
  const std::uint32_t last = p.key_blocks % 32 == 0 ? ~0u : (1u << p.key_blocks % 32) - 1;
  int count[kRowsOfWarp] = {};
  for (int word = lane; word < p.words; word += 32) {
    const std::uint32_t valid = word == p.words - 1 ? last : ~0u;
#pragma unroll
    for (int i = 0; i < kRowsOfWarp; ++i) {
      if (i < rows) count[i] += __popc(bits[std::int64_t{i} * p.words + word] & valid);
    }
  }
  long long total = 0;
#pragma unroll
  for (int i = 0; i < kRowsOfWarp; ++i) {
    const int sum = __reduce_add_sync(~0u, count[i]);
    if (lane == 0 && i < rows) p.counts[base + i] = sum;
    total += sum;
  }
  if (lane == 0) totals[warp] = total;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int i = 1; i < kWarps; ++i) total += totals[i];
  p.totals[blockIdx.x] = total;
}

/// How many heads have more blocks than this one, or as many and come earlier. A warp adds up a head at a time.
__device__ int place_of_head(const PlanPointers& p, int head) {
  __shared__ std::int64_t own;
  __shared__ int place;
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const auto total = [&](int of) {
    std::int64_t sum = 0;
    for (int i = lane; i < p.groups; i += 32) sum += p.totals[std::int64_t{of} * p.groups + i];
    for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(~0u, sum, step);
    return sum;
  };
  if (warp == 0) {
    const std::int64_t sum = total(head);
    if (lane == 0) own = sum, place = 0;
  }
  __syncthreads();
  for (int other = warp; other < p.heads; other += kOrderThreads / 32) {
    const std::int64_t sum = total(other);
    if (lane == 0 && (sum > own || (sum == own && other < head))) atomicAdd(&place, 1);
  }
  __syncthreads();
  return place;
}

/// Bitonic, ascending; `size` is a power of two.
__device__ void sort(std::uint64_t* keys, int size) {
  for (int run = 2; run <= size; run *= 2) {
    for (int step = run / 2; step > 0; step /= 2) {
      __syncthreads();
      for (int pair = static_cast<int>(threadIdx.x); pair < size / 2; pair += kOrderThreads) {
        const int low = 2 * pair - (pair & (step - 1)), high = low + step;
        const std::uint64_t a = keys[low], b = keys[high];
        if ((a > b) == ((low & run) == 0)) keys[low] = b, keys[high] = a;
      }
    }
  }
  __syncthreads();
}

/// By descending count, then ascending row.
__device__ void order_sorted(const PlanPointers& p, int head, PlanItem* items, std::uint64_t* keys) {
  const std::int32_t* counts = p.counts + std::int64_t{head} * p.rows;
  int size = 2;
  while (size < p.rows) size *= 2;
  for (int row = static_cast<int>(threadIdx.x); row < size; row += kOrderThreads) {
    keys[row] = row < p.rows
                    ? std::uint64_t{~static_cast<std::uint32_t>(counts[row])} << 32 | static_cast<std::uint32_t>(row)
                    : ~std::uint64_t{0};
  }
  sort(keys, size);
  for (int i = static_cast<int>(threadIdx.x); i < p.rows; i += kOrderThreads) {
    const auto row = static_cast<std::int32_t>(keys[i]), count = static_cast<std::int32_t>(~(keys[i] >> 32));
    items[i] = {head, row, count, 0};
  }
}

/// The same for any number of rows, by comparing each with all.
__device__ void order_compared(const PlanPointers& p, int head, PlanItem* items) {
  const std::int32_t* counts = p.counts + std::int64_t{head} * p.rows;
  for (int row = static_cast<int>(threadIdx.x); row < p.rows; row += kOrderThreads) {
    const int own = counts[row];
    int place = 0;
#pragma unroll 8
    for (int other = 0; other < p.rows; ++other) place += counts[other] >= own + (other >= row);
    items[place] = {head, row, own, 0};
  }
}

__global__ void __launch_bounds__(kOrderThreads) order_kernel(PlanPointers p) {
  __shared__ std::uint64_t keys[kSorted];
  const int head = static_cast<int>(blockIdx.x);
  PlanItem* items = p.items + std::int64_t{place_of_head(p, head)} * p.rows;
  if (p.rows <= kSorted) {
    order_sorted(p, head, items, keys);
  } else {
    order_compared(p, head, items);
  }
}

}  // namespace

void launch_plan(const CudaMask& mask, void* plan, void* stream) {
  const PlanLayout layout(mask);
  auto* bytes = static_cast<std::byte*>(plan);
  const PlanPointers pointers = {mask.bits,
                                 reinterpret_cast<PlanItem*>(bytes),
                                 reinterpret_cast<std::int32_t*>(bytes + layout.counts),
                                 reinterpret_cast<std::int64_t*>(bytes + layout.totals),
                                 static_cast<int>(layout.heads),
                                 static_cast<int>(layout.rows),
                                 static_cast<int>(layout.key_blocks),
                                 static_cast<int>(layout.words),
                                 static_cast<int>(layout.groups)};
  const auto heads = static_cast<unsigned>(layout.heads), groups = static_cast<unsigned>(layout.groups);
  launch_cuda("cuda_plan: launch", count_kernel, heads * groups, kCountThreads, 0, stream, pointers);
  launch_cuda("cuda_plan: launch", order_kernel, heads, kOrderThreads, 0, stream, pointers);
}

}  // namespace wean::kernels
