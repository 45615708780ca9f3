#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Bfloat64x64 {
  static constexpr Config kConfig = library_config(false, 64, 64);
};
const Kernel kBfloat64x64 = kKernelOf<Bfloat64x64>;
}  // namespace wean::kernels::sm90
