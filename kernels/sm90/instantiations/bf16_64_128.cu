#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"

namespace wean::kernels::sm90 {
struct Bfloat64x128 {
  static constexpr Config kConfig = library_config(false, 64, 128);
};
const Kernel kBfloat64x128 = kKernelOf<Bfloat64x128>;
}  // namespace wean::kernels::sm90
