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
  WEAN_CHOICE(Plain##suffix, c.watchdog = watched; c.overlap = false; c.ping_pong = false);                     \
  WEAN_CHOICE(Overlap##suffix, c.watchdog = watched; c.ping_pong = false);                                      \
  WEAN_CHOICE(Turns##suffix, c.watchdog = watched);                                                             \
  WEAN_CHOICE(Unpinned##suffix, c.watchdog = watched; c.pin_exponentials = false);                              \
  WEAN_CHOICE(Lazy##suffix, c.watchdog = watched; c.lazy_rescale = true);                                       \
  WEAN_CHOICE(Registers##suffix, c.watchdog = watched; c.query_in_registers = true);                            \
  WEAN_CHOICE(RegistersLazy##suffix, c.watchdog = watched; c.query_in_registers = true; c.lazy_rescale = true); \
  WEAN_CHOICE(RegistersFree##suffix, c.watchdog = watched; c.query_in_registers = true; c.ping_pong = false)

WEAN_CHOICES(Watched, true);
WEAN_CHOICES(Timed, false);

#define WEAN_VARIANTS(suffix)                                                                       \
  {                                                                                                 \
    {"plain", sm90::kKernelOf<Plain##suffix>}, {"overlap", sm90::kKernelOf<Overlap##suffix>},       \
        {"turns", sm90::kKernelOf<Turns##suffix>}, {"unpinned", sm90::kKernelOf<Unpinned##suffix>}, \
        {"lazy", sm90::kKernelOf<Lazy##suffix>}, {"registers", sm90::kKernelOf<Registers##suffix>}, \
        {"registers-lazy", sm90::kKernelOf<RegistersLazy##suffix>},                                 \
        {"registers-free", sm90::kKernelOf<RegistersFree##suffix>},                                 \
  }

}  // namespace wean::kernels::tune
