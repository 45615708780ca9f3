#include "kernels/cuda/check.h"
#include "kernels/cuda/select.h"

namespace wean::kernels {
namespace {

constexpr int kThreads = 256;

__device__ std::int64_t section_of(const SelectCall& call) {
  const std::int64_t phase = *call.site.phase - call.first_phase, branch = *call.site.branch, layer = *call.site.layer;
  const bool known =
      phase >= 0 && phase < call.phases && branch >= 0 && branch < call.branches && layer >= 0 && layer < call.layers;
  if (known)
    return call.table[((phase * call.branches + branch) * call.experts + call.site.expert) * call.layers + layer];
  if (blockIdx.x == 0 && threadIdx.x == 0 && call.fault->found == 0) {
    call.fault->phase = *call.site.phase;
    call.fault->branch = branch;
    call.fault->layer = layer;
    __threadfence_system();
    call.fault->found = 1;
  }
  return call.count;
}

__global__ void __launch_bounds__(kThreads) select_kernel(const __grid_constant__ SelectCall call) {
  const auto* const from = reinterpret_cast<const uint4*>(call.sections + section_of(call) * call.section_bytes);
  auto* const to = reinterpret_cast<uint4*>(call.to);
  const std::size_t step = std::size_t{gridDim.x} * kThreads, first = std::size_t{blockIdx.x} * kThreads + threadIdx.x;
#pragma unroll 4
  for (std::size_t i = first; i < call.section_bytes / sizeof(uint4); i += step) to[i] = from[i];
  for (std::size_t i = first; i < call.zero_bytes; i += step) call.zero[i] = 0;
}

}  // namespace

void launch_select(const SelectCall& call, void* stream) {
  const std::size_t vectors = call.section_bytes / sizeof(uint4);
  const std::size_t blocks = (vectors + 4 * kThreads - 1) / (4 * kThreads);
  launch_cuda("choosing a mask on the device", select_kernel, static_cast<unsigned>(blocks < 528 ? blocks : 528),
              kThreads, 0, stream, call);
}

}  // namespace wean::kernels
