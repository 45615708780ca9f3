// A case on the device: its tensors and masks, runs of it, and a reference in double precision for sampled rows.
#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "kernels/cuda/block_sparse_attention.h"
#include "tests/kernels/attention_cases.h"

namespace wean::test {

/// Whether there is a device that the kernels run on.
[[nodiscard]] bool has_cuda_device();
/// Throws std::runtime_error with CUDA's text.
void check_cuda(cudaError_t status);

/// Device memory of its own.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(std::size_t bytes);
  explicit DeviceBuffer(const std::vector<unsigned char>& content);
  [[nodiscard]] void* data() const { return data_.get(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void fill(int byte) const;
  [[nodiscard]] std::vector<unsigned char> content() const;

 private:
  struct Free {
    void operator()(void* pointer) const;
  };
  std::size_t bytes_;
  std::unique_ptr<void, Free> data_;
};

/// A stream that does not wait for the default one.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(const Stream&) = delete;  // owns the stream
  Stream& operator=(const Stream&) = delete;
  [[nodiscard]] cudaStream_t get() const { return stream_; }
  void wait() const;

 private:
  cudaStream_t stream_ = nullptr;
};

/// The kernel that the library chooses, or a given one.
enum class Variant { kChosen, kSm80 };

/// One case on the device. Bits past the last column are set, for the kernels to ignore; dense maps are ones.
class DeviceRun {
 public:
  /// With the tensors of `data`.
  DeviceRun(const AttentionCase& attention, const AttentionData& data);
  /// With tensors drawn on the device: for large cases.
  explicit DeviceRun(const AttentionCase& attention);
  void poison() const;
  void plan(const Stream& stream) const;
  void run(const Stream& stream, Variant variant) const;
  [[nodiscard]] std::vector<unsigned char> output() const { return o_.content(); }
  [[nodiscard]] std::vector<float> log_sum_exp() const;
  /// Rows `tokens` of every head from the definition, o [rows][heads][head_dim] and lse [rows][heads]. Batch 1 alone.
  [[nodiscard]] ReferenceOutput reference(const std::vector<std::int64_t>& tokens) const;

  kernels::CudaMask mask;
  kernels::CudaAttentionParams params;

 private:
  DeviceRun(const AttentionCase& attention, DeviceBuffer q, DeviceBuffer k, DeviceBuffer v, std::size_t output_bytes);
  DeviceBuffer q_, k_, v_, o_, lse_, bits_, plan_, workspace_;
};

/// What cuda_reference.cu computes: everything in double, one CTA a row.
struct ReferenceCall {
  const kernels::CudaMask& mask;
  const kernels::CudaAttentionParams& params;
  const std::int64_t* tokens;  ///< device, [rows]
  std::int64_t rows;
  double* o;    ///< device, [rows][heads][head_dim]
  double* lse;  ///< device, [rows][heads]
};
void run_reference(const ReferenceCall& call);
/// Fills `count` 16-bit elements with normal numbers.
void fill_normal(void* elements, std::size_t count, kernels::CudaElementType type, std::uint64_t seed);

}  // namespace wean::test
