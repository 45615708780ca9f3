#include "kernels/cuda/sections.h"

#include <deque>
#include <mutex>

#include "kernels/cuda/check.h"
#include "kernels/cuda/select.h"

namespace wean::kernels {
namespace {

constexpr std::size_t kAlign = 256;
std::size_t aligned(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

std::size_t bits_bytes(const CudaMask& shape) {
  const std::int64_t rows = (shape.q_tokens + shape.q_block - 1) / shape.q_block;
  const std::int64_t words = ((shape.k_tokens + shape.k_block - 1) / shape.k_block + 31) / 32;
  return static_cast<std::size_t>(shape.batch * shape.heads * rows * words) * sizeof(std::uint32_t);
}

std::size_t bytes_of_section(const CudaMask& shape) {
  return aligned(bits_bytes(shape)) + aligned(cuda_plan_bytes(shape));  // the plan first: it checks the shape
}

int current_device() {
  int device = 0;
  check_cuda(cudaGetDevice(&device), "looking for a GPU");
  return device;
}

/// Host memory that devices can write, a piece for each CudaSections. Never given back: freeing it would wait for every
/// device. The piece that was returned first is lent first, so that work that still runs finds its old piece unused.
class FaultStore {
 public:
  static FaultStore& instance() {
    static auto* const store = new FaultStore;
    return *store;
  }
  SelectFault* take() {
    const std::lock_guard lock(mutex_);
    if (free_.size() <= kSpare) grow();
    SelectFault* const fault = free_.front();
    free_.pop_front();
    *fault = {};
    return fault;
  }
  void give_back(SelectFault* fault) {
    const std::lock_guard lock(mutex_);
    free_.push_back(fault);
  }

 private:
  static constexpr std::size_t kPieces = 128, kSpare = 16;
  void grow() {
    void* memory = nullptr;
    check_cuda(cudaHostAlloc(&memory, kPieces * sizeof(SelectFault), cudaHostAllocPortable | cudaHostAllocMapped),
               "host memory for the GPU");
    for (std::size_t i = 0; i < kPieces; ++i) free_.push_back(static_cast<SelectFault*>(memory) + i);
  }
  std::mutex mutex_;
  std::deque<SelectFault*> free_;
};

}  // namespace

CudaDeviceGuard::CudaDeviceGuard(int device) {
  const int current = current_device();
  if (current == device) return;
  int devices = 0;
  check_cuda(cudaGetDeviceCount(&devices), "looking for a GPU");
  require(device < devices, ErrorCode::kUsage, "GPU number ", device, "; allowed are 0 to ", devices - 1);
  check_cuda(cudaSetDevice(device), "choosing a GPU");
  previous_ = current;
}

CudaDeviceGuard::~CudaDeviceGuard() {
  if (previous_ >= 0) cudaSetDevice(previous_);
}

struct CudaSections::Impl {
  CudaMask shape;
  SectionTable table;
  std::int64_t count = 0;
  int device = 0;
  std::size_t plan_at = 0, stride = 0;
  cudaStream_t stream = nullptr;
  char* memory = nullptr;
  std::int32_t* device_table = nullptr;
  SelectFault* fault = nullptr;
  bool used = false;  ///< work of the caller's may run with the masks

  void allocate() {
    constexpr const char* kWhat = "memory for masks on the GPU";
    check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), kWhat);
    fault = FaultStore::instance().take();
    const std::size_t table_bytes = table.section.size() * sizeof(std::int32_t);
    const std::size_t bytes = static_cast<std::size_t>(count + 1) * stride;
    check_cuda(cudaMallocAsync(reinterpret_cast<void**>(&memory), bytes, stream), kWhat);
    check_cuda(cudaMallocAsync(reinterpret_cast<void**>(&device_table), table_bytes, stream), kWhat);
    check_cuda(cudaMemcpyAsync(device_table, table.section.data(), table_bytes, cudaMemcpyHostToDevice, stream), kWhat);
    check_cuda(cudaMemsetAsync(memory, 0, bytes, stream), kWhat);  // gaps too: select() copies them
    plan(count);
  }

  [[nodiscard]] char* section(std::int64_t number) const { return memory + static_cast<std::size_t>(number) * stride; }

  [[nodiscard]] CudaMask mask_at(const void* where) const {
    CudaMask mask = shape;
    mask.bits = static_cast<const std::uint32_t*>(where);
    return mask;
  }

  void plan(std::int64_t number) const { cuda_plan(mask_at(section(number)), section(number) + plan_at, stream); }

  void free(cudaStream_t in_order_of) noexcept {
    if (memory != nullptr) cudaFreeAsync(memory, in_order_of);
    if (device_table != nullptr) cudaFreeAsync(device_table, in_order_of);
    memory = nullptr;
    device_table = nullptr;
    (void)cudaGetLastError();
  }

  ~Impl() {
    try {
      const CudaDeviceGuard guard(device);
      if (used) cudaDeviceSynchronize();
      free(stream);
      if (stream != nullptr) cudaStreamSynchronize(stream);
      if (stream != nullptr) cudaStreamDestroy(stream);
      (void)cudaGetLastError();
      if (fault != nullptr) FaultStore::instance().give_back(fault);
    } catch (...) {
      // The device is lost, and its memory with it.
    }
  }
};

std::size_t CudaSections::bytes(const CudaMask& shape, std::int64_t count, const SectionTable& table) {
  return static_cast<std::size_t>(count + 1) * bytes_of_section(shape) + table.section.size() * sizeof(std::int32_t);
}

CudaSections::CudaSections(const CudaMask& shape, std::int64_t count, SectionTable table, int device)
    : impl_(std::make_unique<Impl>()) {
  impl_->device = device < 0 ? current_device() : device;
  impl_->shape = shape;
  impl_->count = count;
  impl_->table = std::move(table);
  impl_->plan_at = aligned(bits_bytes(shape));
  impl_->stride = bytes_of_section(shape);
  const CudaDeviceGuard guard(impl_->device);
  impl_->allocate();
}

CudaSections::~CudaSections() = default;

void CudaSections::upload(std::int32_t section, const std::uint32_t* bits) {
  const CudaDeviceGuard guard(impl_->device);
  check_cuda(
      cudaMemcpyAsync(impl_->section(section), bits, bits_bytes(impl_->shape), cudaMemcpyHostToDevice, impl_->stream),
      "copying masks to the GPU");
  impl_->plan(section);
}

void CudaSections::finish() {
  const CudaDeviceGuard guard(impl_->device);
  check_cuda(cudaStreamSynchronize(impl_->stream), "copying masks to the GPU");
  impl_->used = true;
}

void CudaSections::release(void* stream) noexcept {
  try {
    const CudaDeviceGuard guard(impl_->device);  // NULL and the per-thread stream are those of the current device
    impl_->free(static_cast<cudaStream_t>(stream));
    impl_->used = false;
  } catch (...) {
    // The device is lost, and its memory with it.
  }
}

int CudaSections::device() const noexcept { return impl_->device; }
const SectionTable& CudaSections::table() const noexcept { return impl_->table; }
CudaMask CudaSections::mask(std::int32_t section) const { return impl_->mask_at(impl_->section(section)); }
const void* CudaSections::plan(std::int32_t section) const { return impl_->section(section) + impl_->plan_at; }
std::size_t CudaSections::section_bytes() const noexcept { return impl_->stride; }

CudaMask CudaSections::select(const DeviceSite& site, void* to, const void** plan, void* zero, std::size_t zero_bytes,
                              void* stream) const {
  const SectionTable& table = impl_->table;
  launch_select({site, impl_->device_table, table.first_phase, table.phases, table.branches, table.experts,
                 table.layers, impl_->memory, impl_->count, impl_->stride, static_cast<char*>(to),
                 static_cast<char*>(zero), zero_bytes, impl_->fault},
                stream);
  *plan = static_cast<char*>(to) + impl_->plan_at;
  return impl_->mask_at(to);
}

void CudaSections::check_fault() const {
  volatile SelectFault& fault = *impl_->fault;
  if (fault.found == 0) return;
  fault.found = 0;  // said once: one wrong number does not end the use of the masks
  const SectionTable& table = impl_->table;
  fail(ErrorCode::kUsage, "an earlier call found phase ", fault.phase, ", branch ", fault.branch, ", layer ",
       fault.layer, " on the device, and its output is zero; allowed are phases ", table.first_phase, " to ",
       table.first_phase + table.phases - 1, ", branches 0 to ", table.branches - 1, ", layers 0 to ",
       table.layers - 1);
}

}  // namespace wean::kernels
