// Random tensors and the slow reference of the tuning program.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/sm90/tune/problem.h"

namespace wean::kernels::tune {
namespace {

constexpr int kThreads = 256;

__device__ std::uint64_t scramble(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

template <typename T>
__global__ void random_kernel(T* data, std::uint64_t count, float deviation, std::uint64_t seed) {
  const std::uint64_t stride = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const std::uint64_t bits = scramble(seed * 0x632BE59BD9B4E019ull + i);
    const float u = (static_cast<float>(bits >> 40) + 0.5f) * 0x1p-24f;
    const float w = static_cast<float>(bits & 0xFFFFFF) * 0x1p-24f;
    data[i] = static_cast<T>(deviation * sqrtf(-2 * logf(u)) * cospif(2 * w));
  }
}

__device__ double block_reduce(double value, bool maximum) {
  __shared__ double partial[kThreads];
  __syncthreads();
  partial[threadIdx.x] = value;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      const double other = partial[threadIdx.x + half];
      partial[threadIdx.x] = maximum ? fmax(partial[threadIdx.x], other) : partial[threadIdx.x] + other;
    }
    __syncthreads();
  }
  return partial[0];
}

/// One block a row; `rows` are (batch * heads + head) * q_tokens + token.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    reference_kernel(CudaMask mask, CudaAttentionParams p, double scale, const std::int64_t* rows, double* out) {
  __shared__ double query[128], weight[kThreads];
  const std::int64_t row = rows[blockIdx.x], token = row % mask.q_tokens, flat = row / mask.q_tokens;
  const std::int64_t head = flat % mask.heads, batch = flat / mask.heads;
  const std::int64_t query_rows = (mask.q_tokens + mask.q_block - 1) / mask.q_block;
  const std::int64_t words = ((mask.k_tokens + mask.k_block - 1) / mask.k_block + 31) / 32;
  const std::uint32_t* bits =
      mask.bits + (((mask.batch == 1 ? 0 : batch) * mask.heads + head) * query_rows + token / mask.q_block) * words;
  const T* q =
      static_cast<const T*>(p.q) + batch * p.q_stride_batch + token * p.q_stride_token + head * p.q_stride_head;
  const T* k = static_cast<const T*>(p.k) + batch * p.k_stride_batch + head * p.k_stride_head;
  const T* v = static_cast<const T*>(p.v) + batch * p.v_stride_batch + head * p.v_stride_head;
  if (threadIdx.x < p.head_dim) query[threadIdx.x] = static_cast<double>(static_cast<float>(q[threadIdx.x]));
  __syncthreads();
  const auto kept = [&](std::int64_t key) {
    const std::int64_t block = key / mask.k_block;
    return (bits[block / 32] >> (block % 32) & 1) != 0;
  };
  const auto score = [&](std::int64_t key) {
    double sum = 0;
    for (int d = 0; d < p.head_dim; ++d)
      sum += query[d] * static_cast<double>(static_cast<float>(k[key * p.k_stride_token + d]));
    return sum * scale;
  };
  double maximum = -INFINITY;
  for (std::int64_t key = threadIdx.x; key < mask.k_tokens; key += kThreads) {
    if (kept(key)) maximum = fmax(maximum, score(key));
  }
  maximum = block_reduce(maximum, true);
  double sum = 0, value = 0;
  for (std::int64_t base = 0; base < mask.k_tokens; base += kThreads) {
    const std::int64_t key = base + threadIdx.x;
    const double w = key < mask.k_tokens && kept(key) ? exp(score(key) - maximum) : 0;
    sum += w;
    __syncthreads();
    weight[threadIdx.x] = w;
    __syncthreads();
    if (threadIdx.x < p.head_dim) {
      const std::int64_t end = min(std::int64_t{kThreads}, mask.k_tokens - base);
      for (std::int64_t i = 0; i < end; ++i) {
        if (weight[i] != 0) {
          value += weight[i] * static_cast<double>(static_cast<float>(v[(base + i) * p.v_stride_token + threadIdx.x]));
        }
      }
    }
  }
  sum = block_reduce(sum, false);
  double* to = out + blockIdx.x * (p.head_dim + 1);
  if (threadIdx.x < p.head_dim) to[threadIdx.x] = sum == 0 ? 0 : value / sum;
  if (threadIdx.x == 0) to[p.head_dim] = sum == 0 ? -INFINITY : maximum + log(sum);
}

}  // namespace

void launch_random(void* data, std::uint64_t count, bool half, float deviation, std::uint64_t seed) {
  if (half) {
    random_kernel<<<1024, 256>>>(static_cast<__half*>(data), count, deviation, seed);
  } else {
    random_kernel<<<1024, 256>>>(static_cast<__nv_bfloat16*>(data), count, deviation, seed);
  }
  check_cuda(cudaGetLastError(), "random");
}

void launch_reference(const CudaMask& mask, const CudaAttentionParams& params, const std::int64_t* rows,
                      std::int64_t count, double* out) {
  const double scale = params.scale == 0 ? 1 / std::sqrt(static_cast<double>(params.head_dim)) : params.scale;
  if (params.type == CudaElementType::kFloat16) {
    reference_kernel<__half><<<static_cast<unsigned>(count), kThreads>>>(mask, params, scale, rows, out);
  } else {
    reference_kernel<__nv_bfloat16><<<static_cast<unsigned>(count), kThreads>>>(mask, params, scale, rows, out);
  }
  check_cuda(cudaGetLastError(), "reference");
}

}  // namespace wean::kernels::tune
