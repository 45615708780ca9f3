#include "kernels/ref/tile.h"

namespace wean::kernels {

extern const TileKernel kGenericTile;
#ifdef WEAN_HAS_AVX2
extern const TileKernel kAvx2Tile;
#endif

std::span<const TileKernel> tile_kernels() {
  static const TileKernel kernels[] = {
#ifdef WEAN_HAS_AVX2
      kAvx2Tile,
#endif
      kGenericTile};
  return kernels;
}

}  // namespace wean::kernels
