// The kernels of the library, one file each.
#pragma once
#include "kernels/sm90/launch.h"

namespace wean::kernels::sm90 {

/// What the library compiles for an element type, head size and width of key blocks: the fastest measured ones. fp16
/// keeps its running maximum, because its weights end at 65,504.
constexpr Config library_config(bool half, int head_dim, int key_block) {
  Config c;
  c.half = half;
  c.head_dim = head_dim;
  c.key_block = key_block;
  c.query_in_registers = true;
  c.anchored = !half;
  c.lazy_rescale = half;
  c.turns = head_dim == 64;
  return c;
}

extern const Kernel kBfloat128x128;
extern const Kernel kBfloat128x64;
extern const Kernel kBfloat64x128;
extern const Kernel kBfloat64x64;
extern const Kernel kHalf128x128;
extern const Kernel kHalf128x64;
extern const Kernel kHalf64x128;
extern const Kernel kHalf64x64;

inline const Kernel* const kKernels[] = {&kBfloat128x128, &kBfloat128x64, &kBfloat64x128, &kBfloat64x64,
                                         &kHalf128x128,   &kHalf128x64,   &kHalf64x128,   &kHalf64x64};

}  // namespace wean::kernels::sm90
