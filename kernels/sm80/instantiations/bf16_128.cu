#include "kernels/sm80/launch.inc.cuh"

template void wean::kernels::sm80::launch<__nv_bfloat16, 128>(const Arguments&, unsigned, void*);
