// Configurations by name.
#pragma once
#include "kernels/sm90/config.h"

namespace wean::kernels::tune {

#define WEAN_CHOICE(name, ...)                   \
  struct name {                                  \
    static constexpr sm90::Config kConfig = [] { \
      sm90::Config c;                            \
      c.ping_pong = false;                       \
      __VA_ARGS__;                               \
      return c;                                  \
    }();                                         \
  }
#define WEAN_CHOICES(suffix, watched)                                                                           \
  WEAN_CHOICE(Overlap##suffix, c.watchdog = watched);                                                           \
  WEAN_CHOICE(RegistersLazy##suffix, c.watchdog = watched; c.query_in_registers = true; c.lazy_rescale = true); \
  WEAN_CHOICE(Flat##suffix, c.watchdog = watched; c.query_in_registers = true; c.lazy_rescale = true;           \
              c.flatten = true);                                                                                \
  WEAN_CHOICE(Anchored##suffix, c.watchdog = watched; c.query_in_registers = true; c.anchored = true);          \
  WEAN_CHOICE(Serpentine##suffix, c.watchdog = watched; c.query_in_registers = true; c.anchored = true;         \
              c.serpentine = true);                                                                             \
  WEAN_CHOICE(FlatAnchored##suffix, c.watchdog = watched; c.query_in_registers = true; c.anchored = true;       \
              c.flatten = true)

WEAN_CHOICES(Watched, true);
WEAN_CHOICES(Timed, false);

#define WEAN_VARIANTS(suffix)                                                                                          \
  {                                                                                                                    \
    {"overlap", sm90::kKernelOf<Overlap##suffix>}, {"registers-lazy", sm90::kKernelOf<RegistersLazy##suffix>},         \
        {"flat", sm90::kKernelOf<Flat##suffix>}, {"anchored", sm90::kKernelOf<Anchored##suffix>},                      \
        {"serpentine", sm90::kKernelOf<Serpentine##suffix>}, {"flat-anchored", sm90::kKernelOf<FlatAnchored##suffix>}, \
  }

}  // namespace wean::kernels::tune
