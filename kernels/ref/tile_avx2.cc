// Eight lanes with fused multiply-add; compiled with -mavx2 -mfma.
#define WEAN_TILE_LANES 8
#define WEAN_TILE_UNROLL 6
#include "kernels/ref/tile.inc"

namespace wean::kernels {
extern const TileKernel kAvx2Tile;
const TileKernel kAvx2Tile = {
    "avx2", [] { return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0; }, run_tile};
}  // namespace wean::kernels
