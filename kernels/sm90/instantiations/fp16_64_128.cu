#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Half64x128 {
  static constexpr Config kConfig = library_config(true, 64, 128);
};
const Kernel kHalf64x128 = kKernelOf<Half64x128>;
}  // namespace wean::kernels::sm90
