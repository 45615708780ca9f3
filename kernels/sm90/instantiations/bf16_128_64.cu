#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Bfloat128x64 {
  static constexpr Config kConfig = library_config(false, 128, 64);
};
const Kernel kBfloat128x64 = kKernelOf<Bfloat128x64>;
}  // namespace wean::kernels::sm90
