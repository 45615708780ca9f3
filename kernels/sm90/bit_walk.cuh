// The set bits of a mask row from the highest down, found by one warp.
#pragma once
#include <cstdint>

namespace wean::kernels::sm90 {

/// Words of the row are held 32 at a time, one in each lane; everything but `word_` is the same in all lanes.
class BitWalk {
 public:
  /// Lane's word of the highest chunk, to be loaded long before `start` needs it.
  static __device__ std::uint32_t first_word(const std::uint32_t* row, int blocks, int lane) {
    const int word = (blocks - 1) / 1024 * 32 + lane;
    return word * 32 < blocks ? row[word] : 0;
  }

  /// Starts at the highest block. `row` has ceil(blocks / 32) words; bits past `blocks` are ignored.
  __device__ void start(const std::uint32_t* row, int blocks, int lane, std::uint32_t first_word) {
    row_ = row;
    bits_ = 0;
    chunk_ = (blocks - 1) / 1024;
    const int first = (chunk_ * 32 + lane) * 32;
    word_ = first + 32 > blocks && first < blocks ? first_word & ((1u << (blocks - first)) - 1) : first_word;
    lanes_ = __ballot_sync(~0u, word_ != 0);
  }

  /// The next set bit's index; there must be one.
  __device__ int next(int lane) {
    while (bits_ == 0) {
      if (lanes_ == 0) {
        --chunk_;
        word_ = row_[chunk_ * 32 + lane];
        lanes_ = __ballot_sync(~0u, word_ != 0);
        continue;
      }
      source_ = 31 - __clz(lanes_);
      lanes_ ^= 1u << source_;
      bits_ = __shfl_sync(~0u, word_, source_);
    }
    const int bit = 31 - __clz(bits_);
    bits_ ^= 1u << bit;
    return (chunk_ * 32 + source_) * 32 + bit;
  }

 private:
  const std::uint32_t* row_ = nullptr;
  std::uint32_t word_ = 0, lanes_ = 0, bits_ = 0;
  int chunk_ = 0, source_ = 0;
};

}  // namespace wean::kernels::sm90
