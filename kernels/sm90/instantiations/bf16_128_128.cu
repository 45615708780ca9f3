#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Bfloat128x128 {
  static constexpr Config kConfig = library_config(false, 128, 128);
};
const Kernel kBfloat128x128 = kKernelOf<Bfloat128x128>;
}  // namespace wean::kernels::sm90
