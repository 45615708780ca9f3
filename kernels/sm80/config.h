// Tile sizes of the sm_80 variant, shared memory and the arguments of its kernel. Internal to this folder.
#pragma once
#include <cstdint>

namespace wean::kernels::sm80 {

/// One CTA computes 128 query rows of one head, 4 warps of 32 rows each, 64 keys a step. Every step needs one tile of K
/// and one of V; both go through one ring of three stages, so that a tile is asked for two half steps before its use.
template <int kDim>
struct Config {
  static constexpr int kHeadDim = kDim;
  static constexpr int kRows = 128;
  static constexpr int kKeys = 64;
  static constexpr int kWarps = 4;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kStages = 3;
  static constexpr int kRowBytes = 2 * kDim;
  static constexpr int kQueryBytes = kRows * kRowBytes;
  static constexpr int kStageBytes = kKeys * kRowBytes;
  /// 81,920 bytes for head_dim 128: two CTAs an SM on compute capability 8.0 and 9.0, one on 8.6 and 8.9.
  static constexpr int kSharedBytes = kQueryBytes + kStages * kStageBytes;
  static constexpr int kCtasPerSm = kDim == 64 ? 3 : 2;  ///< what registers are budgeted for
};

/// Strides are in bytes.
struct Stride {
  std::int64_t batch, token, head;
};

struct Arguments {
  const std::uint32_t* bits;  ///< [batch or 1][heads][rows][words]
  const char* q;
  const char* k;
  const char* v;
  char* o;
  float* log_sum_exp;  ///< [batch][heads][q_tokens], or null
  Stride q_stride, k_stride, v_stride, o_stride;
  std::int64_t bits_stride_batch;  ///< words; 0 when all batch entries share the mask
  int heads, rows, words;          ///< rows: query blocks of 128
  int q_tokens, k_tokens, k_block;
  std::uint32_t last_word;  ///< bits of a row's last word that are columns
  float scale_log2;         ///< scale * log2(e): the softmax runs in powers of two
  float scale;              ///< above 0
};

}  // namespace wean::kernels::sm80
