#include "kernels/ref/tile.h"

namespace wean::kernels {

extern const TileKernel kGenericTile;
#ifdef WEAN_X86_TILES
extern const TileKernel kAvx512Tile;
extern const TileKernel kAvx2Tile;
#endif

std::span<const TileKernel> tile_kernels() {
  static const TileKernel kernels[] = {
#ifdef WEAN_X86_TILES
      kAvx512Tile, kAvx2Tile,
#endif
      kGenericTile};
  return kernels;
}

}  // namespace wean::kernels
