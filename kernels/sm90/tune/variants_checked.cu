#include "kernels/sm90/kernel_launch.cuh"
#include "kernels/sm90/tune/choices.cuh"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
std::vector<Variant> checked_variants() { return WEAN_VARIANTS(Watched); }
}  // namespace wean::kernels::tune
