#include "kernels/sm80/launch.inc.cuh"

template void wean::kernels::sm80::launch<__half, 64>(const Arguments&, unsigned, void*);
