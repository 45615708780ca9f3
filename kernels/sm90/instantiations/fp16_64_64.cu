#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Half64x64 {
  static constexpr Config kConfig = library_config(true, 64, 64);
};
const Kernel kHalf64x64 = kKernelOf<Half64x64>;
}  // namespace wean::kernels::sm90
