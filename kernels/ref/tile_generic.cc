// Four lanes: every processor has them or gets them from the compiler.
#define WEAN_TILE_LANES 4
#define WEAN_TILE_UNROLL 6
#include "kernels/ref/tile.inc"

namespace wean::kernels {
extern const TileKernel kGenericTile;
const TileKernel kGenericTile = {"generic", [] { return true; }, run_tile};
}  // namespace wean::kernels
