// Attention of single rows in double precision, straight from the definition; and tensors drawn on the device.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "tests/kernels/cuda_run.h"

namespace wean::test {
namespace {

constexpr int kThreads = 256;

struct Row {
  const std::uint32_t* bits;  ///< of its query block
  const std::uint16_t *q, *k, *v;
  std::int64_t k_stride, v_stride, k_tokens, k_block;
  int head_dim;
  double scale;
  bool half;
};

__device__ double value(const Row& row, const std::uint16_t* from) {
  return row.half ? static_cast<double>(__half2float(__ushort_as_half(*from)))
                  : static_cast<double>(__uint_as_float(static_cast<unsigned>(*from) << 16));
}

__device__ bool keeps(const Row& row, std::int64_t key) {
  const std::int64_t column = key / row.k_block;
  return key < row.k_tokens && (row.bits[column / 32] >> (column % 32) & 1) != 0;
}

__device__ double score(const Row& row, std::int64_t key) {
  double dot = 0;
  for (int d = 0; d < row.head_dim; ++d) dot += value(row, row.q + d) * value(row, row.k + key * row.k_stride + d);
  return dot * row.scale;
}

/// Of all threads' values; the same in every run.
template <typename Join>
__device__ double reduce(double mine, double* shared, Join join) {
  shared[threadIdx.x] = mine;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] = join(shared[threadIdx.x], shared[threadIdx.x + half]);
    __syncthreads();
  }
  const double all = shared[0];
  __syncthreads();
  return all;
}

__device__ void attend(const Row& row, double* o, double* lse) {
  __shared__ double shared[kThreads];
  const double nothing = -INFINITY;
  double mine = nothing;
  for (std::int64_t key = threadIdx.x; key < row.k_tokens; key += kThreads) {
    if (keeps(row, key)) mine = fmax(mine, score(row, key));
  }
  const double maximum = reduce(mine, shared, [](double a, double b) { return fmax(a, b); });
  double sum = 0, out = 0;
  for (std::int64_t first = 0; first < row.k_tokens; first += kThreads) {
    const std::int64_t key = first + threadIdx.x;
    const double weight = keeps(row, key) && maximum != nothing ? exp(score(row, key) - maximum) : 0;
    sum += weight;
    shared[threadIdx.x] = weight;
    __syncthreads();
    for (int i = 0; i < kThreads && threadIdx.x < row.head_dim; ++i) {
      if (keeps(row, first + i)) out += shared[i] * value(row, row.v + (first + i) * row.v_stride + threadIdx.x);
    }
    __syncthreads();
  }
  sum = reduce(sum, shared, [](double a, double b) { return a + b; });
  if (threadIdx.x < row.head_dim) o[threadIdx.x] = sum == 0 ? 0 : out / sum;
  if (threadIdx.x == 0) *lse = sum == 0 ? nothing : maximum + log(sum);
}

struct Call {
  kernels::CudaMask mask;
  kernels::CudaAttentionParams params;
  const std::int64_t* tokens;
  double *o, *lse;
};

__global__ void __launch_bounds__(kThreads) reference_kernel(const __grid_constant__ Call call) {
  const auto& p = call.params;
  const std::int64_t token = call.tokens[blockIdx.x], head = blockIdx.y;
  const std::int64_t rows = (call.mask.q_tokens + call.mask.q_block - 1) / call.mask.q_block;
  const std::int64_t words = ((call.mask.k_tokens + call.mask.k_block - 1) / call.mask.k_block + 31) / 32;
  const auto at = [](const void* tensor, std::int64_t offset) {
    return static_cast<const std::uint16_t*>(tensor) + offset;
  };
  Row row;
  row.bits = call.mask.bits + (head * rows + token / call.mask.q_block) * words;
  row.q = at(p.q, head * p.q_stride_head + token * p.q_stride_token);
  row.k = at(p.k, head * p.k_stride_head);
  row.v = at(p.v, head * p.v_stride_head);
  row.k_stride = p.k_stride_token;
  row.v_stride = p.v_stride_token;
  row.k_tokens = call.mask.k_tokens;
  row.k_block = call.mask.k_block;
  row.head_dim = static_cast<int>(p.head_dim);
  row.scale = p.scale == 0 ? 1 / sqrt(static_cast<double>(p.head_dim)) : static_cast<double>(p.scale);
  row.half = p.type == kernels::CudaElementType::kFloat16;
  const std::int64_t index = blockIdx.x * call.mask.heads + head;
  attend(row, call.o + index * p.head_dim, call.lse + index);
}

__device__ std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

__global__ void normal_kernel(std::uint16_t* to, std::size_t count, bool half, std::uint64_t seed) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const std::uint64_t bits = mixed(mixed(seed) + i * 0x9E3779B97F4A7C15);
    const float uniform = (static_cast<float>(bits >> 40) + 0.5F) * 0x1p-24F;
    const float angle = static_cast<float>(bits & 0xFFFFFF) * 0x1p-24F;
    const float normal = sqrtf(-2 * logf(uniform)) * cospif(2 * angle);
    to[i] = half ? __half_as_ushort(__float2half_rn(normal)) : __bfloat16_as_ushort(__float2bfloat16_rn(normal));
  }
}

}  // namespace

void run_reference(const ReferenceCall& call) {
  const dim3 grid(static_cast<unsigned>(call.rows), static_cast<unsigned>(call.mask.heads));
  reference_kernel<<<grid, kThreads>>>({call.mask, call.params, call.tokens, call.o, call.lse});
  check_cuda(cudaDeviceSynchronize());
}

void fill_normal(void* elements, std::size_t count, kernels::CudaElementType type, std::uint64_t seed) {
  normal_kernel<<<4096, 256>>>(static_cast<std::uint16_t*>(elements), count, type == kernels::CudaElementType::kFloat16,
                               seed);
  check_cuda(cudaDeviceSynchronize());
}

}  // namespace wean::test
