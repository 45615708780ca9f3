// Sixteen lanes and 32 registers; compiled with -mavx512f.
#define WEAN_TILE_LANES 16
#define WEAN_TILE_UNROLL 12
#include "kernels/ref/tile.inc"

namespace wean::kernels {
extern const TileKernel kAvx512Tile;
const TileKernel kAvx512Tile = {"avx512", [] { return __builtin_cpu_supports("avx512f") != 0; }, run_tile};
}  // namespace wean::kernels
