#include "kernels/sm90/kernel_launch.cuh"
#include "kernels/sm90/tune/choices.cuh"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
std::vector<Variant> timed_variants() { return WEAN_VARIANTS(Timed); }
}  // namespace wean::kernels::tune
