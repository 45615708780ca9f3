#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Half128x128 {
  static constexpr Config kConfig = library_config(true, 128, 128);
};
const Kernel kHalf128x128 = kKernelOf<Half128x128>;
}  // namespace wean::kernels::sm90
