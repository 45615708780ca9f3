// The kernels that the tuning program compares.
#pragma once
#include <vector>

#include "kernels/sm90/launch.h"

namespace wean::kernels::tune {

struct Variant {
  const char* name;
  sm90::Kernel kernel;
};

/// Each variant twice: checked ones carry the watchdog, timed ones do not. bf16, blocks of 128x128, head_dim 128 or 64.
std::vector<Variant> checked_variants();
std::vector<Variant> timed_variants();
/// The library's configurations with the watchdog: other element types, head sizes and block widths.
std::vector<Variant> checked_library();

}  // namespace wean::kernels::tune
