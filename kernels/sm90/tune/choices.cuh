// Configurations by name.
#pragma once
#include "kernels/sm90/config.h"

namespace wean::kernels::tune {

#define WEAN_CHOICE(name, ...)                   \
  struct name {                                  \
    static constexpr sm90::Config kConfig = [] { \
      sm90::Config c;                            \
      __VA_ARGS__;                               \
      return c;                                  \
    }();                                         \
  }
#define WEAN_CHOICES(suffix, watched)                                                                           \
  WEAN_CHOICE(Overlap##suffix, c.watchdog = watched);                                                           \
  WEAN_CHOICE(Lazy##suffix, c.watchdog = watched; c.query_in_registers = c.lazy_rescale = true);                \
  WEAN_CHOICE(Anchored##suffix, c.watchdog = watched; c.query_in_registers = c.anchored = true);                \
  WEAN_CHOICE(AnchoredTurns##suffix, c.watchdog = watched; c.query_in_registers = c.anchored = c.turns = true); \
  WEAN_CHOICE(NarrowLazy##suffix, c = Lazy##suffix::kConfig; c.head_dim = 64);                                  \
  WEAN_CHOICE(NarrowLazyTurns##suffix, c = Lazy##suffix::kConfig; c.head_dim = 64; c.turns = true);             \
  WEAN_CHOICE(NarrowAnchored##suffix, c = Anchored##suffix::kConfig; c.head_dim = 64);                          \
  WEAN_CHOICE(NarrowTurns##suffix, c = AnchoredTurns##suffix::kConfig; c.head_dim = 64)

WEAN_CHOICES(Watched, true);
WEAN_CHOICES(Timed, false);

#define WEAN_VARIANTS(suffix)                                                                                          \
  {                                                                                                                    \
    {"overlap", sm90::kKernelOf<Overlap##suffix>}, {"registers-lazy", sm90::kKernelOf<Lazy##suffix>},                  \
        {"anchored", sm90::kKernelOf<Anchored##suffix>}, {"anchored-turns", sm90::kKernelOf<AnchoredTurns##suffix>},   \
        {"64-lazy", sm90::kKernelOf<NarrowLazy##suffix>}, {"64-lazy-turns", sm90::kKernelOf<NarrowLazyTurns##suffix>}, \
        {"64-anchored", sm90::kKernelOf<NarrowAnchored##suffix>}, {"64-turns", sm90::kKernelOf<NarrowTurns##suffix>},  \
  }

}  // namespace wean::kernels::tune
