// One attention problem on the device with random tensors, and what its output must be.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/check.h"
#include "kernels/cuda/plan.h"
#include "kernels/sm90/launch.h"

namespace wean::kernels::tune {

/// Sizes and mask of a problem. Masks: ones; uniform, the same count in every row; random, each block alone; heads,
/// densities from a tenth of `density` to all by head; band, around the diagonal; radial, 21 frames, narrower the
/// farther apart; mixed, empty rows beside single blocks, the last block alone, all ones and random ones.
struct Shape {
  std::string name;
  std::int64_t heads = 1, q_tokens = 128, k_tokens = 128, head_dim = 128, key_block = 128, batch = 1, mask_batch = 1;
  std::string mask = "ones";
  double density = 1;
  bool half = false, head_major = false;
  std::string data;  ///< of the scores, in exponents of e: see shape_scores(); empty: normal ones
  CudaElementType type() const { return half ? CudaElementType::kFloat16 : CudaElementType::kBfloat16; }
};

/// Device memory, freed with the object.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes) : bytes_(bytes) {
    check_cuda(cudaMalloc(&data_, bytes == 0 ? 1 : bytes), "cudaMalloc");
  }
  ~Buffer() { (void)cudaFree(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  template <typename T = void>
  T* get() const {
    return static_cast<T*>(data_);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

/// The packed bits of a shape: [mask_batch][heads][rows][words].
std::vector<std::uint32_t> make_mask(const Shape& shape, std::uint64_t seed);

class Problem {
 public:
  Problem(const Shape& shape, std::uint64_t seed);
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  const Shape& shape() const { return shape_; }
  const CudaMask& mask() const { return mask_; }
  const CudaAttentionParams& params() const { return params_; }
  const std::vector<std::uint32_t>& bits() const { return bits_; }
  void* plan_memory() const { return plan_.get(); }
  void* workspace() const { return workspace_.get(); }
  std::uint32_t* watchdog() const { return watchdog_; }

  void plan(void* stream = nullptr);
  void run(const sm90::Kernel& kernel, bool persistent = true);
  void poison();  ///< outputs become NaN
  void wait();    ///< throws with the watchdog's report if the device failed

  /// 4 * head_dim * valid query rows * valid key rows, over the kept blocks.
  double kept_flops() const;

  /// Compares output and log-sum-exp of up to `rows` query rows of each head with fp64, and the memory behind the
  /// outputs with what was there. Returns an empty string or what differs first; `error` gets the relative L2 error.
  std::string compare(std::int64_t rows, double& error);
  std::vector<std::uint16_t> output() const;

 private:
  void shape_data();
  std::int64_t strides(std::int64_t tokens, std::int64_t& batch, std::int64_t& token, std::int64_t& head) const;
  Shape shape_;
  std::vector<std::uint32_t> bits_;
  std::uint64_t elements_q_, elements_k_;
  Buffer q_, k_, v_, o_, lse_, bits_device_, plan_, workspace_;
  CudaMask mask_;
  CudaAttentionParams params_;
  std::uint32_t* watchdog_ = nullptr;
};

/// Changes host copies of a problem's tensors so that its scores do what a maximum has to follow: `rising` by 300 as
/// keys are walked from the last to the first, `falling`, both at once for odd and even rows (`opposed`), a `cliff` of
/// 500 up and down between blocks, a `spike` of 250 at one key; `infinite` and `nan` inputs.
void shape_scores(const Shape& shape, const CudaAttentionParams& params, std::uint16_t* q, std::uint16_t* k,
                  std::uint16_t* v);

/// Row `row` of the reference: [head_dim] output and one log-sum-exp, in fp64, on the device.
void launch_reference(const CudaMask& mask, const CudaAttentionParams& params, const std::int64_t* rows,
                      std::int64_t count, double* out);
void launch_random(void* data, std::uint64_t count, bool half, float deviation, std::uint64_t seed);

/// What a watchdog's report says, one line; empty when it is empty.
std::string describe_report(const std::uint32_t* report);

}  // namespace wean::kernels::tune
