#include "kernels/sm90/instantiations/kernels.h"
#include "kernels/sm90/kernel_launch.cuh"
#include "kernels/sm90/tune/variants.h"

namespace wean::kernels::tune {
namespace {

template <bool Half, int HeadDim, int KeyBlock>
struct Watched {
  static constexpr sm90::Config kConfig = [] {
    sm90::Config c = sm90::library_config(Half, HeadDim, KeyBlock);
    c.watchdog = true;
    c.lazy_rescale = false;
    c.anchored = c.flatten = true;
    return c;
  }();
};

template <bool Half, int HeadDim, int KeyBlock>
constexpr Variant variant(const char* name) {
  return {name, sm90::kKernelOf<Watched<Half, HeadDim, KeyBlock>>};
}

}  // namespace

std::vector<Variant> checked_candidates() {
  return {variant<false, 128, 128>("next-bf16-128-128"), variant<false, 128, 64>("next-bf16-128-64"),
          variant<false, 64, 128>("next-bf16-64-128"),   variant<false, 64, 64>("next-bf16-64-64"),
          variant<true, 128, 128>("next-fp16-128-128"),  variant<true, 128, 64>("next-fp16-128-64"),
          variant<true, 64, 128>("next-fp16-64-128"),    variant<true, 64, 64>("next-fp16-64-64")};
}

}  // namespace wean::kernels::tune
