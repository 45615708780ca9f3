#include "tests/kernels/cuda_run.h"

#include <cstring>
#include <stdexcept>

#include "kernels/sm80/block_sparse_attention.h"

namespace wean::test {

bool has_cuda_device() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
}

void check_cuda(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

DeviceBuffer::DeviceBuffer(std::size_t bytes) : bytes_(bytes) {
  void* data = nullptr;
  check_cuda(cudaMalloc(&data, std::max<std::size_t>(bytes, 1)));
  data_.reset(data);
  fill(0);
}

DeviceBuffer::DeviceBuffer(const std::vector<unsigned char>& content) : DeviceBuffer(content.size()) {
  check_cuda(cudaMemcpy(data(), content.data(), bytes_, cudaMemcpyHostToDevice));
}

void DeviceBuffer::fill(int byte) const {
  check_cuda(cudaMemset(data(), byte, bytes_));
  check_cuda(cudaDeviceSynchronize());
}

std::vector<unsigned char> DeviceBuffer::content() const {
  std::vector<unsigned char> bytes(bytes_);
  check_cuda(cudaMemcpy(bytes.data(), data(), bytes_, cudaMemcpyDeviceToHost));
  return bytes;
}

void DeviceBuffer::Free::operator()(void* pointer) const { cudaFree(pointer); }

Stream::Stream() { check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
Stream::~Stream() { cudaStreamDestroy(stream_); }
void Stream::wait() const { check_cuda(cudaStreamSynchronize(stream_)); }

namespace {

template <typename Value>
std::vector<unsigned char> bytes_of(const std::vector<Value>& values) {
  std::vector<unsigned char> bytes(values.size() * sizeof(Value));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename Value>
std::vector<Value> values_of(const DeviceBuffer& buffer) {
  std::vector<Value> values(buffer.bytes() / sizeof(Value));
  const std::vector<unsigned char> bytes = buffer.content();
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::size_t tensor_bytes(const AttentionCase& attention, std::int64_t tokens) {
  return static_cast<std::size_t>(2 * attention.batch * tokens * attention.heads *
                                  (attention.head_dim + attention.padding));
}

DeviceBuffer drawn(const AttentionCase& attention, std::int64_t tokens, std::uint64_t seed) {
  DeviceBuffer buffer(tensor_bytes(attention, tokens));
  const bool half = attention.type == ValueType::kFloat16;
  fill_normal(buffer.data(), buffer.bytes() / 2,
              half ? kernels::CudaElementType::kFloat16 : kernels::CudaElementType::kBfloat16, seed);
  return buffer;
}

struct Strides {
  std::int64_t batch, token, head;
};

/// As those of Tensor.
Strides strides_of(const AttentionCase& attention, std::int64_t tokens) {
  const std::int64_t row = attention.head_dim + attention.padding;
  return attention.head_major ? Strides{tokens * attention.heads * row, row, tokens * row}
                              : Strides{tokens * attention.heads * row, attention.heads * row, row};
}

void set_strides(const AttentionCase& attention, kernels::CudaAttentionParams& p) {
  const Strides q = strides_of(attention, attention.geometry.q_tokens);
  const Strides k = strides_of(attention, attention.geometry.k_tokens);
  p.q_stride_batch = p.o_stride_batch = q.batch;
  p.q_stride_token = p.o_stride_token = q.token;
  p.q_stride_head = p.o_stride_head = q.head;
  p.k_stride_batch = p.v_stride_batch = k.batch;
  p.k_stride_token = p.v_stride_token = k.token;
  p.k_stride_head = p.v_stride_head = k.head;
}

kernels::CudaMask mask_of(const AttentionCase& attention, const DeviceBuffer& bits) {
  kernels::CudaMask mask;
  mask.bits = static_cast<const std::uint32_t*>(bits.data());
  mask.batch = attention.mask_per_batch ? attention.batch : 1;
  mask.heads = attention.heads;
  mask.q_tokens = attention.geometry.q_tokens;
  mask.k_tokens = attention.geometry.k_tokens;
  mask.q_block = attention.geometry.q_block;
  mask.k_block = attention.geometry.k_block;
  return mask;
}

}  // namespace

DeviceRun::DeviceRun(const AttentionCase& attention, DeviceBuffer q, DeviceBuffer k, DeviceBuffer v,
                     std::size_t output_bytes)
    : q_(std::move(q)),
      k_(std::move(k)),
      v_(std::move(v)),
      o_(output_bytes),
      lse_(static_cast<std::size_t>(attention.batch * attention.heads * attention.geometry.q_tokens) * sizeof(float)),
      bits_(bytes_of(packed_bits(attention))),
      plan_(0),
      workspace_(0) {
  mask = mask_of(attention, bits_);
  params.q = q_.data();
  params.k = k_.data();
  params.v = v_.data();
  params.o = o_.data();
  params.log_sum_exp = static_cast<float*>(lse_.data());
  const bool half = attention.type == ValueType::kFloat16;
  params.type = half ? kernels::CudaElementType::kFloat16 : kernels::CudaElementType::kBfloat16;
  params.batch = attention.batch;
  params.head_dim = attention.head_dim;
  params.scale = attention.scale;
  set_strides(attention, params);
  plan_ = DeviceBuffer(kernels::cuda_plan_bytes(mask));
  workspace_ = DeviceBuffer(kernels::cuda_run_bytes(mask, params));
}

DeviceRun::DeviceRun(const AttentionCase& attention, const AttentionData& data)
    : DeviceRun(attention, DeviceBuffer(data.q.bytes()), DeviceBuffer(data.k.bytes()), DeviceBuffer(data.v.bytes()),
                data.o.bytes().size()) {}

DeviceRun::DeviceRun(const AttentionCase& attention)
    : DeviceRun(attention, drawn(attention, attention.geometry.q_tokens, 1),
                drawn(attention, attention.geometry.k_tokens, 2), drawn(attention, attention.geometry.k_tokens, 3),
                tensor_bytes(attention, attention.geometry.q_tokens)) {}

void DeviceRun::poison() const {
  o_.fill(0xFF);
  lse_.fill(0xFF);
}

void DeviceRun::plan(const Stream& stream) const { kernels::cuda_plan(mask, plan_.data(), stream.get()); }

void DeviceRun::run(const Stream& stream, Variant variant) const {
  if (variant == Variant::kSm80) {
    kernels::sm80::block_sparse_attention(mask, params, nullptr, nullptr, stream.get());
  } else {
    kernels::cuda_block_sparse_attention(mask, params, plan_.data(), workspace_.data(), stream.get());
  }
}

std::vector<float> DeviceRun::log_sum_exp() const { return values_of<float>(lse_); }

ReferenceOutput DeviceRun::reference(const std::vector<std::int64_t>& tokens) const {
  const auto rows = tokens.size() * static_cast<std::size_t>(mask.heads);
  const DeviceBuffer where(bytes_of(tokens));
  const DeviceBuffer o(rows * static_cast<std::size_t>(params.head_dim) * sizeof(double)), lse(rows * sizeof(double));
  run_reference({mask, params, static_cast<const std::int64_t*>(where.data()), static_cast<std::int64_t>(tokens.size()),
                 static_cast<double*>(o.data()), static_cast<double*>(lse.data())});
  return {values_of<double>(o), values_of<double>(lse)};
}

}  // namespace wean::test
