#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Half128x64 {
  static constexpr Config kConfig = library_config(true, 128, 64);
};
const Kernel kHalf128x64 = kKernelOf<Half128x64>;
}  // namespace wean::kernels::sm90
