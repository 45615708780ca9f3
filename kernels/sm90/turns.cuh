// Exponentials of the two warpgroups in turn.
//
// At head_dim 64 the exponentials of a step take as long as its matrix products. Two warpgroups that compute theirs at
// once leave the tensor cores idle meanwhile; in turn, one multiplies under the other's exponentials.
#pragma once
#include "kernels/sm90/ptx.cuh"

namespace wean::kernels::sm90 {

/// s = 2^s; `sum` gets the thread's sums of its rows. `take()` waits for the turn; `pass(x)`, with a sum of most of the
/// exponentials, gives it to the other warpgroup, which is there when the last ones are done. Both return 1 from
/// memory: ptxas moves arithmetic freely over barriers, but not above a read that it depends on, so the exponentials
/// after each are predicated on what it returned.
template <class Take, class Pass>
__device__ __forceinline__ void exponentials_in_turn(float (&s)[64], float (&sum)[2], const Take& take,
                                                     const Pass& pass) {
  constexpr int kSummed = 11, kAfterPass = 14;  // sixteenths of the exponentials; between the two the pass settles
  std::uint32_t gate = take(), passed = 0;
  float a[2], b[2];
#pragma unroll
  for (int j = 0; j < 16; ++j) {
    if (j == kSummed) {
      a[0] += b[0];
      a[1] += b[1];
      passed = pass(a[0] + a[1]);
    }
    if (j == kAfterPass) gate = passed;
#pragma unroll
    for (int row = 0; row < 2; ++row) {
      float& x = s[4 * j + 2 * row];
      float& y = s[4 * j + 2 * row + 1];
      x = exp2_if(gate, x);
      y = exp2_if(gate, y);
      a[row] = j == 0 ? x : a[row] + x;
      b[row] = j == 0 || j == kSummed ? y : b[row] + y;
    }
  }
  sum[0] = a[0] + b[0];
  sum[1] = a[1] + b[1];
}

}  // namespace wean::kernels::sm90
