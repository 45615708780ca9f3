// The kept keys of one query block, straight from the bits of its row.
#pragma once
#include "kernels/sm80/config.h"

namespace wean::kernels::sm80 {

/// Steps of 64 keys in ascending order. Every thread of a CTA walks the same row, so that no step needs a message; a
/// word is loaded while the bits of the word before it are used.
class Walk {
 public:
  __device__ Walk(const Arguments& arguments, const std::uint32_t* row)
      : arguments_(arguments), row_(row), word_(load(0)), following_(load(1)) {}

  /// First key of the next step; -1 when there is none.
  __device__ int next() {
    if (key_ + kStep < block_end_) return key_ += kStep;
    while (word_ == 0) {
      if (++index_ >= arguments_.words) return -1;
      word_ = following_;
      following_ = load(index_ + 1);
    }
    key_ = (32 * index_ + __ffs(static_cast<int>(word_)) - 1) * arguments_.k_block;
    word_ &= word_ - 1;
    block_end_ = min(key_ + arguments_.k_block, arguments_.k_tokens);
    return key_;
  }

 private:
  static constexpr int kStep = 64;
  __device__ std::uint32_t load(int index) const {
    if (index >= arguments_.words) return 0;
    const std::uint32_t word = __ldg(row_ + index);
    return index == arguments_.words - 1 ? word & arguments_.last_word : word;
  }
  const Arguments& arguments_;
  const std::uint32_t* row_;
  std::uint32_t word_, following_;
  int index_ = 0;
  int key_ = 0, block_end_ = 0;
};

}  // namespace wean::kernels::sm80
