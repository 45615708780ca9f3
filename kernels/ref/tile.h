// The inner kernel of block_sparse_attention: query rows of one head against a list of key ranges. One source
// (tile.inc) is compiled for several instruction sets; the choice is made above the hot loop. Internal to this folder
// and its tests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/ref/block_sparse_attention.h"

namespace wean::kernels {

inline constexpr std::int64_t kMaxHeadDim = 256;
inline constexpr std::int64_t kTileRows = 128;  ///< query rows of one tile
inline constexpr std::int64_t kTileKeys = 128;  ///< keys of one step of the online softmax

/// Kept keys [begin, begin + count), count <= kTileKeys.
struct KeyRange {
  std::int64_t begin = 0;
  std::int64_t count = 0;
};

/// At most kTileRows query rows of one head. Strides count elements between tokens.
struct AttentionTile {
  const void* q = nullptr;  ///< first row
  const void* k = nullptr;  ///< token 0 of the head
  const void* v = nullptr;  ///< token 0 of the head
  void* o = nullptr;        ///< first row
  float* lse = nullptr;     ///< [rows], or null
  ElementType type = ElementType::kFloat32;
  std::int64_t rows = 0;
  std::int64_t head_dim = 0;
  std::int64_t q_stride = 0, k_stride = 0, v_stride = 0, o_stride = 0;
  float scale_log2 = 0;  ///< scale * log2(e): the softmax runs in powers of two
  const KeyRange* ranges = nullptr;
  std::int64_t range_count = 0;
  float* scratch = nullptr;  ///< kScratchFloats, 64-byte aligned, private to the thread
};

/// Q and O transposed (rows padded), scores of a strip of at most 64 lanes, K and V as float, row maxima and sums.
inline constexpr std::size_t kScratchFloats =
    static_cast<std::size_t>(4 * kTileRows * kMaxHeadDim + kTileKeys * 64 + 2 * kTileRows);

/// One compiled variant.
struct TileKernel {
  const char* name;     ///< "avx2"
  bool (*supported)();  ///< by this processor
  void (*run)(const AttentionTile& tile);
};

/// All variants of this build, best first; the last one runs everywhere.
[[nodiscard]] std::span<const TileKernel> tile_kernels();

/// block_sparse_attention with a given variant instead of the best one.
void block_sparse_attention_with(const BlockSparseAttentionParams& params, const TileKernel& kernel);

}  // namespace wean::kernels
