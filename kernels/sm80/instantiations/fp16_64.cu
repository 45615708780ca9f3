#include "kernels/sm80/launch.inc.cuh"

template cudaError_t wean::kernels::sm80::launch<__half, 64>(const Arguments&, unsigned, cudaStream_t);
